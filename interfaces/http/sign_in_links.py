"""Links that sign a browser in, once, in the role of the caller's key."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from application.commands.sessions import issue_link
from domain.times import time_of
from interfaces.http.authentication import Caller
from interfaces.http.in_time import TimelyRoute
from interfaces.http.resources import Here

router = APIRouter(prefix="/sign-in-links", tags=["keys"], route_class=TimelyRoute)


class SignInLink(BaseModel):
    """The only time that the link is seen; it works once, for an hour."""

    path: str  # behind this server's address
    expires_at: datetime


@router.post("", status_code=201)
async def issue_sign_in_link(here: Here, by: Caller) -> SignInLink:
    """A link to the pages, for yourself or for a browser of yours elsewhere."""
    link = await issue_link(here.application.log, here.accounts, by=by)
    return SignInLink(path=f"/_admin/sign-in/{link.token}", expires_at=time_of(link.expires_at))
