"""Who calls: the key of the request, and whether its role may call this route."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from application.commands.context import Principal
from domain.refusals import NotPermitted
from interfaces.http.access import is_allowed
from interfaces.http.refusals import NotAuthenticated
from interfaces.http.resources import Here, Resources

LONGEST_KEY = 500  # characters

_scheme = HTTPBearer(auto_error=False, description="An API key")


async def caller(
    request: Request, here: Here, _: Annotated[object, Security(_scheme)]
) -> Principal:
    """Raises NotAuthenticated or NotPermitted, and LogUnavailable when nobody can tell."""
    by = await here.accounts.principal(shown_key(request))
    if by is None:
        raise NotAuthenticated
    if not is_allowed(by.role, request.scope["endpoint"].__name__):
        raise NotPermitted
    return by


Caller = Annotated[Principal, Depends(caller)]


def shown_key(request: Request) -> str:
    """The key in the header. Raises NotAuthenticated."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not 0 < len(key) <= LONGEST_KEY:
        raise NotAuthenticated
    return key


async def still_permitted(here: Resources, *, key: str, by: Principal) -> bool:
    """Does the key still speak for the same user in the same role? Raises LogUnavailable."""
    return await here.accounts.principal(key) == by
