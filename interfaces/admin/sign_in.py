"""Sign in with a key or with a link that works once; sign out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from application.commands import sessions
from interfaces.admin.forms import Form, form
from interfaces.admin.inside.way_back import way_back
from interfaces.admin.navigation import home_of
from interfaces.admin.page_route import SIGN_IN, PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import (
    COOKIE,
    SAFE_COOKIE,
    Session,
    Viewing,
    from_here,
    is_over_https,
)
from interfaces.http.authentication import LONGEST_KEY
from interfaces.http.resources import Here

router = APIRouter(route_class=PageRoute)


class SignIn(Form):
    """A key, and where to go with it."""

    key: str = ""
    next: str = ""


@router.get("")
async def home(by: Viewing) -> Response:
    """To the first page of this role."""
    return RedirectResponse(home_of(by.role), 303)


@router.get("/sign-in")
async def sign_in_page(request: Request, next: str = "") -> Response:  # noqa: A002
    """Who are you?"""
    return page(request, "sign_in.html", by=None, next=next, error=None)


@router.post("/sign-in", dependencies=[Depends(from_here)])
async def sign_in(
    request: Request, here: Here, sent: Annotated[SignIn, Depends(form(SignIn))]
) -> Response:
    """A session for whoever shows a key."""
    key = sent.key.strip()
    by = await here.accounts.principal(key) if 0 < len(key) <= LONGEST_KEY else None
    if by is None:
        error = "This is not a key that may be used here. It may have been revoked, or is too old."
        return page(request, "sign_in.html", by=None, status=401, next=sent.next, error=error)
    session = await sessions.sign_in_with_key(here.application.log, here.accounts, by=by)
    return _signed_in(request, session, to=way_back(sent.next, default=home_of(by.role)))


@router.get("/sign-in/{token}")
async def sign_in_link_page(request: Request, token: str) -> Response:
    """Asks once more, for what only looks at links must not use them up."""
    return page(request, "sign_in_link.html", by=None)


@router.post("/sign-in/{token}", dependencies=[Depends(from_here)])
async def sign_in_by_link(request: Request, here: Here, token: str) -> Response:
    """A session for whoever has the link."""
    log, accounts = here.application.log, here.accounts
    session = await sessions.sign_in_with_link(log, accounts, token=token[:LONGEST_KEY])
    return _signed_in(request, session, to="/_admin")


@router.post("/sign-out")
async def sign_out(here: Here, session: Session) -> Response:
    """The session is over, here and wherever else its cookie may be."""
    await sessions.sign_out(
        here.application.log,
        here.accounts,
        user_id=session.by.user_id,
        session_id=session.session_id,
    )
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    answer.delete_cookie(SAFE_COOKIE, secure=True, httponly=True, samesite="strict")
    answer.headers["clear-site-data"] = '"cache"'
    return answer


def _signed_in(request: Request, session: sessions.Session, *, to: str) -> Response:
    answer = RedirectResponse(to, 303)
    secure = is_over_https(request)
    answer.set_cookie(
        SAFE_COOKIE if secure else COOKIE,
        session.token,
        max_age=session.seconds,
        secure=secure,
        httponly=True,
        samesite="strict",
    )
    return answer
