"""One's own keys: see them, issue one, revoke one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from application.commands import keys as commands
from application.commands.context import Principal
from application.commands.keys import IssuedKey, IssueKey, KeyIsShownOnce
from domain.ids import uuid7
from interfaces.admin.access import may_open
from interfaces.admin.administration.form_fields import DAYS, LIFETIMES, Label, expiry
from interfaces.admin.administration.key_rows import key_rows, part_of
from interfaces.admin.administration.revoking import About, Revoke, ask, revoke
from interfaces.admin.administration.typed import Typed, mistyped
from interfaces.admin.forms import Filled, Form, fit, form
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import Viewing
from interfaces.http.paging import Pages, Paging
from interfaces.http.problems import RequestInvalid
from interfaces.http.resources import Here, Resources

KEYS = "/_admin/keys"
SHOWN_BEFORE = (
    "This key was issued before, and a key is shown only once. If you have not kept it, revoke it "
    "and issue another."
)

router = APIRouter(prefix="/keys", route_class=PageRoute)


class NewKey(Form):
    """Another key in one's own role; `id` is chosen by the page, so that twice is once."""

    id: UUID
    name: Label = None
    days: DAYS | None = None


@router.get("")
async def keys_page(request: Request, here: Here, by: Viewing, pages: Pages) -> Response:
    """All of one's keys."""
    return await _keys(request, here, pages, by=by)


@router.post("")
async def issue_own_key(
    request: Request, here: Here, by: Viewing, pages: Pages, filled: Filled
) -> Response:
    """A new key, on the page that answers and nowhere else."""
    try:
        sent = fit(NewKey, filled)
    except RequestInvalid as refusal:
        typed = mistyped(filled, refusal, shown=("name", "days"))
        return await _keys(request, here, pages, by=by, status=422, typed=typed)
    command = IssueKey(
        by, by.user_id, by.role, name=sent.name, expires_at=expiry(sent.days), key_id=sent.id
    )
    try:
        issued = await commands.issue_key(here.application.log, here.accounts, command)
    except KeyIsShownOnce:
        return await _keys(request, here, pages, by=by, status=409, warning=SHOWN_BEFORE)
    return await _keys(request, here, pages, by=by, status=201, issued=issued)


@router.get("/{key_id}/revoke")
async def revoke_own_key_page(request: Request, here: Here, by: Viewing, key_id: UUID) -> Response:
    """Are you sure?"""
    return await ask(request, here, About(by.user_id, key_id, KEYS), by=by)


@router.post("/{key_id}/revoke")
async def revoke_own_key(
    request: Request,
    here: Here,
    by: Viewing,
    key_id: UUID,
    sent: Annotated[Revoke, Depends(form(Revoke))],
) -> Response:
    """Worth nothing from now on."""
    return await revoke(request, here, About(by.user_id, key_id, KEYS), by=by, sent=sent)


async def _keys(
    request: Request,
    here: Resources,
    pages: Paging,
    *,
    by: Principal,
    status: int = 200,
    typed: Typed | None = None,
    warning: str | None = None,
    issued: IssuedKey | None = None,
) -> Response:
    rows = key_rows(await here.accounts.load(by.user_id), by=by)
    shown, next_href = part_of(rows, pages, href=KEYS)
    return page(
        request,
        "administration/keys.html",
        by=by,
        status=status,
        keys=shown,
        next_href=next_href,
        may_change=may_open(by.role, "issue_own_key"),
        new_id=uuid7(),
        lifetimes=LIFETIMES,
        typed=typed or Typed(),
        warning=warning,
        issued=issued,
    )
