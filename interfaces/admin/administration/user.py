"""One user: their keys, and how much they use it; issue a key for them, revoke one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from application.commands import keys as commands
from application.commands.context import Principal
from application.commands.keys import IssuedKey, IssueKey, KeyIsShownOnce
from domain.account_events import Role
from domain.ids import uuid7
from interfaces.admin.administration.form_fields import DAYS, LIFETIMES, ROLES, Label, expiry
from interfaces.admin.administration.key_rows import key_rows, part_of
from interfaces.admin.administration.keys import SHOWN_BEFORE
from interfaces.admin.administration.revoking import About, Revoke, ask, revoke
from interfaces.admin.administration.typed import Typed, mistyped
from interfaces.admin.administration.user_rows import find_user
from interfaces.admin.forms import Filled, Form, fit, form
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import Viewing
from interfaces.http.paging import Pages, Paging
from interfaces.http.problems import RequestInvalid
from interfaces.http.resources import Here, Resources

USERS = "/_admin/users"
FIRST_PAGE = Paging(50, None)

router = APIRouter(prefix="/users/{user_id}", route_class=PageRoute)


class NewUserKey(Form):
    """Another key for somebody; the page chooses the id, so that twice is once."""

    id: UUID
    role: Role
    name: Label = None
    days: DAYS | None = None


@router.get("")
async def user_page(
    request: Request, here: Here, by: Viewing, pages: Pages, user_id: UUID
) -> Response:
    """Keys, sign-ins and counts; nothing that they wrote."""
    return await _show(request, here, user_id, by=by, pages=pages)


@router.post("")
async def issue_user_key(
    request: Request, here: Here, by: Viewing, user_id: UUID, filled: Filled
) -> Response:
    """Another key for this user, on the page that answers and nowhere else."""
    await find_user(here, user_id)
    try:
        sent = fit(NewUserKey, filled)
    except RequestInvalid as refusal:
        typed = mistyped(filled, refusal, shown=("role", "name", "days"))
        return await _show(request, here, user_id, by=by, status=422, typed=typed)
    command = IssueKey(
        by,
        user_id,
        sent.role,
        name=sent.name,
        expires_at=expiry(sent.days),
        key_id=sent.id,
    )
    return await issue_for(request, here, command)


@router.get("/keys/{key_id}/revoke")
async def revoke_user_key_page(
    request: Request, here: Here, by: Viewing, user_id: UUID, key_id: UUID
) -> Response:
    """Are you sure?"""
    return await ask(request, here, _about(user_id, key_id), by=by)


@router.post("/keys/{key_id}/revoke")
async def revoke_user_key(
    request: Request,
    here: Here,
    by: Viewing,
    *,
    user_id: UUID,
    key_id: UUID,
    sent: Annotated[Revoke, Depends(form(Revoke))],
) -> Response:
    """Worth nothing from now on."""
    return await revoke(request, here, _about(user_id, key_id), by=by, sent=sent)


async def issue_for(request: Request, here: Resources, command: IssueKey) -> Response:
    """The user's page with the new key, or what to do where it was shown before."""
    user_id, by = command.user_id, command.by
    try:
        issued = await commands.issue_key(here.application.log, here.accounts, command)
    except KeyIsShownOnce:
        return await _show(request, here, user_id, by=by, status=409, warning=SHOWN_BEFORE)
    return await _show(request, here, user_id, by=by, status=201, issued=issued)


def _about(user_id: UUID, key_id: UUID) -> About:
    return About(user_id, key_id, f"{USERS}/{user_id}")


async def _show(
    request: Request,
    here: Resources,
    user_id: UUID,
    *,
    by: Principal,
    pages: Paging = FIRST_PAGE,
    status: int = 200,
    typed: Typed | None = None,
    warning: str | None = None,
    issued: IssuedKey | None = None,
) -> Response:
    user = await find_user(here, user_id)
    rows = key_rows(await here.accounts.load(user_id), by=by)
    href = f"{USERS}/{user_id}"
    shown, next_href = part_of(rows, pages, href=href)
    return page(
        request,
        "administration/user.html",
        by=by,
        status=status,
        user=user,
        href=href,
        keys=shown,
        in_force=sum(row.state == "in force" for row in rows),
        next_href=next_href,
        new_id=uuid7(),
        roles=ROLES,
        lifetimes=LIFETIMES,
        typed=typed or Typed(),
        warning=warning,
        issued=issued,
    )
