"""Who looks: the session in the browser's cookie, and whether its role may open the page."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from application.commands.context import Principal
from application.keys import SignedIn
from domain.refusals import NotPermitted
from interfaces.admin.access import may_open
from interfaces.admin.refusals import FromElsewhere, NotSignedIn
from interfaces.http.authentication import LONGEST_KEY
from interfaces.http.resources import Here, Resources

COOKIE = "threadlog"
SAFE_COOKIE = f"__Host-{COOKIE}"  # over HTTPS: no other host can set it
SAFE_METHODS = frozenset({"GET", "HEAD"})


async def from_here(request: Request) -> None:
    """What changes something comes from a page of ours. Raises FromElsewhere."""
    if request.method not in SAFE_METHODS and not _is_from_here(request):
        raise FromElsewhere


async def signed_in(
    request: Request, here: Here, _: Annotated[None, Depends(from_here)]
) -> SignedIn:
    """Raises FromElsewhere, NotSignedIn or NotPermitted, and LogUnavailable."""
    found = await here.accounts.signed_in(token_of(request))
    if found is None:
        raise NotSignedIn
    request.state.by = found.by
    if not may_open(found.by.role, request.scope["endpoint"].__name__):
        raise NotPermitted
    return found


async def viewer(session: Annotated[SignedIn, Depends(signed_in)]) -> Principal:
    """Who looks."""
    return session.by


Session = Annotated[SignedIn, Depends(signed_in)]
Viewing = Annotated[Principal, Depends(viewer)]


def token_of(request: Request) -> str:
    """What the browser shows. Raises NotSignedIn."""
    token = request.cookies.get(SAFE_COOKIE) or request.cookies.get(COOKIE, "")
    if not 0 < len(token) <= LONGEST_KEY:
        raise NotSignedIn
    return token


def still_viewing(
    request: Request, here: Resources, by: Principal
) -> Callable[[], Awaitable[bool]]:
    """For an answer that lasts: is the browser still signed in as the same, in the same role?"""
    token = token_of(request)

    async def ask() -> bool:
        found = await here.accounts.signed_in(token)
        return found is not None and found.by == by

    return ask


def is_over_https(request: Request) -> bool:
    """Does the browser speak HTTPS, with us or with a proxy before us? Of a request from here."""
    return request.headers.get("origin", "").startswith("https://")


def _is_from_here(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}  # none: the person did it, not a page
    try:
        origin = urlsplit(request.headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(origin) and origin == request.headers.get("host")
