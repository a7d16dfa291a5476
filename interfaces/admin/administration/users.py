"""Users: who there is, and adding one."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from application.commands.context import Principal
from application.commands.keys import IssueKey
from domain.account_events import Role
from domain.ids import uuid7
from interfaces.admin.administration.form_fields import DAYS, LIFETIMES, ROLES, Label, expiry
from interfaces.admin.administration.typed import Typed, mistyped
from interfaces.admin.administration.user import issue_for
from interfaces.admin.administration.user_rows import list_users
from interfaces.admin.forms import Filled, Form, fit
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import Viewing
from interfaces.http.paging import Pages, cursor_of
from interfaces.http.problems import RequestInvalid
from interfaces.http.resources import Here

FIRST_KEY = "first key"

router = APIRouter(prefix="/users", route_class=PageRoute)


class NewUser(Form):
    """Somebody new with a first key; both ids are chosen by the page, so that twice is once."""

    user_id: UUID
    id: UUID
    user_name: Label = None
    role: Role
    days: DAYS | None = None


@router.get("")
async def users_page(
    request: Request,
    here: Here,
    by: Viewing,
    pages: Pages,
    q: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Everybody, the newest first, or those who are searched for."""
    search = q.replace("\0", "").strip()
    found = await list_users(
        here.tables,
        search=search,
        limit=pages.limit,
        cursor=pages.number("users"),
        at=datetime.now(UTC),
    )
    return page(
        request,
        "administration/users.html",
        by=by,
        users=found.items,
        search=search,
        cursor=None if found.next is None else cursor_of("users", found.next),
    )


@router.get("/new")
async def new_user_page(request: Request, by: Viewing) -> Response:
    """Who shall come in?"""
    return _new(request, Typed(), by=by)


@router.post("/new")
async def add_user(request: Request, here: Here, by: Viewing, filled: Filled) -> Response:
    """A user and their first key, on the page that answers and nowhere else."""
    try:
        sent = fit(NewUser, filled)
    except RequestInvalid as refusal:
        typed = mistyped(filled, refusal, shown=("user_name", "role", "days"))
        return _new(request, typed, by=by, status=422)
    command = IssueKey(
        by,
        sent.user_id,
        sent.role,
        name=FIRST_KEY,
        expires_at=expiry(sent.days),
        key_id=sent.id,
        user_name=sent.user_name,
    )
    return await issue_for(request, here, command)


def _new(request: Request, typed: Typed, *, by: Principal, status: int = 200) -> Response:
    return page(
        request,
        "administration/new_user.html",
        by=by,
        status=status,
        typed=typed,
        user_id=typed.value("user_id", str(uuid7())),
        key_id=typed.value("id", str(uuid7())),
        roles=ROLES,
        lifetimes=LIFETIMES,
    )
