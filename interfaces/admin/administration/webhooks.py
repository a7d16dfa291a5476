"""Webhooks: which there are, how far each is; make one, change one, delete one."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from application.commands import webhooks as commands
from application.commands.context import Principal
from domain.ids import uuid7
from domain.refusals import BodyDiffers, IdIsTaken, WebhooksAreMany
from interfaces.admin.administration.typed import Typed
from interfaces.admin.administration.webhook_forms import (
    ChangedWebhook,
    NewWebhook,
    mistyped_webhook,
    wrong_url,
)
from interfaces.admin.administration.webhook_page import WEBHOOKS, show_webhook
from interfaces.admin.administration.webhook_rows import webhook_row, webhook_rows
from interfaces.admin.forms import Filled, Form, fit, form
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import Viewing
from interfaces.http.event_query import PUBLIC_NAMES
from interfaces.http.paging import Pages
from interfaces.http.problems import RequestInvalid
from interfaces.http.resources import Here, Resources

SENT_BEFORE = (
    "This form was sent before with other values, and there is a webhook made of those. "
    "Send it again if you want another one."
)

router = APIRouter(prefix="/webhooks", route_class=PageRoute)


@router.get("")
async def webhooks_page(request: Request, here: Here, by: Viewing) -> Response:
    """One's own; there are never many."""
    rows = await webhook_rows(here, by=by)
    return page(request, "administration/webhooks.html", by=by, webhooks=rows)


@router.get("/new")
async def new_webhook_page(request: Request, by: Viewing) -> Response:
    """Where to, and what?"""
    return _new(request, Typed(), by=by)


@router.post("/new")
async def add_webhook(request: Request, here: Here, by: Viewing, filled: Filled) -> Response:
    """A webhook and its secret, on the page that answers and nowhere else."""
    try:
        sent = fit(NewWebhook, filled)
    except RequestInvalid as refusal:
        return _new(request, mistyped_webhook(filled, refusal), by=by, status=422)
    if (typed := wrong_url(filled, sent.url, private=here.office.private)) is not None:
        return _new(request, typed, by=by, status=422)
    try:
        await commands.create_webhook(
            here.application.log, here.office.webhooks, _command(sent, by=by)
        )
    except WebhooksAreMany as refusal:
        return _new(request, Typed(filled), by=by, status=409, error=str(refusal))
    except (BodyDiffers, IdIsTaken):
        return _new(request, Typed({**filled, "id": ""}), by=by, status=409, error=SENT_BEFORE)
    secret = await here.office.secret_of(sent.id, generation=0)
    return await show_webhook(request, here, sent.id, by=by, status=201, secret=secret)


@router.get("/{webhook_id}")
async def webhook_page(
    request: Request,
    here: Here,
    by: Viewing,
    *,
    pages: Pages,
    webhook_id: UUID,
    state: Literal["pending", "dead"] | None = None,
    done: str = "",
) -> Response:
    """How far it is, and what has not arrived."""
    return await show_webhook(request, here, webhook_id, by=by, state=state, pages=pages, done=done)


@router.get("/{webhook_id}/edit")
async def edit_webhook_page(
    request: Request, here: Here, by: Viewing, webhook_id: UUID
) -> Response:
    """As it is now."""
    row = await webhook_row(here, webhook_id, by=by)
    names = list(row.names or ())
    typed = Typed({"url": row.url, "name": row.name or "", "names": names})
    return await _edit(request, here, webhook_id, typed, by=by)


@router.post("/{webhook_id}/edit")
async def edit_webhook(
    request: Request, here: Here, by: Viewing, webhook_id: UUID, filled: Filled
) -> Response:
    """As it shall be."""
    try:
        sent = fit(ChangedWebhook, filled)
    except RequestInvalid as refusal:
        typed = mistyped_webhook(filled, refusal)
        return await _edit(request, here, webhook_id, typed, by=by, status=422)
    if (typed := wrong_url(filled, sent.url, private=here.office.private)) is not None:
        return await _edit(request, here, webhook_id, typed, by=by, status=422)
    changes = commands.Changes(url=sent.url.strip(), names=sent.wanted, name=sent.name)
    log, webhooks = here.application.log, here.office.webhooks
    await commands.change_webhook(log, webhooks, webhook_id, by=by, changes=changes)
    return RedirectResponse(f"{WEBHOOKS}/{webhook_id}?done=change", 303)


@router.get("/{webhook_id}/delete")
async def delete_webhook_page(
    request: Request, here: Here, by: Viewing, webhook_id: UUID
) -> Response:
    """Are you sure?"""
    row = await webhook_row(here, webhook_id, by=by)
    return page(request, "administration/delete_webhook.html", by=by, webhook=row)


@router.post("/{webhook_id}/delete", dependencies=[Depends(form(Form))])
async def remove_webhook(here: Here, by: Viewing, webhook_id: UUID) -> Response:
    """Nothing more is sent."""
    log, webhooks = here.application.log, here.office.webhooks
    await commands.delete_webhook(log, webhooks, webhook_id, by=by)
    return RedirectResponse(WEBHOOKS, 303)


def _new(
    request: Request,
    typed: Typed,
    *,
    by: Principal,
    status: int = 200,
    error: str | None = None,
) -> Response:
    return page(
        request,
        "administration/new_webhook.html",
        by=by,
        status=status,
        typed=typed,
        webhook_id=typed.value("id") or uuid7(),
        events=sorted(PUBLIC_NAMES),
        error=error,
    )


async def _edit(
    request: Request,
    here: Resources,
    webhook_id: UUID,
    typed: Typed,
    *,
    by: Principal,
    status: int = 200,
) -> Response:
    row = await webhook_row(here, webhook_id, by=by)
    return page(
        request,
        "administration/edit_webhook.html",
        by=by,
        status=status,
        webhook=row,
        typed=typed,
        events=sorted(PUBLIC_NAMES),
    )


def _command(sent: NewWebhook, *, by: Principal) -> commands.CreateWebhook:
    return commands.CreateWebhook(
        by=by,
        webhook_id=sent.id,
        url=sent.url.strip(),
        names=sent.wanted,
        all_threads=sent.all_threads is not None,
        name=sent.name,
        request_hash=sent.hash,
    )
