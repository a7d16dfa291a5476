"""The page of one webhook: what it is, how far it is, what has not arrived."""

from typing import Literal, TypeAlias
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from application.commands.context import Principal
from interfaces.admin.administration.typed import Typed
from interfaces.admin.administration.webhook_rows import told, webhook_row
from interfaces.admin.pages import page
from interfaces.http.paging import Paging, cursor_of
from interfaces.http.resources import Resources

WEBHOOKS = "/_admin/webhooks"
SHOWN = 20  # deliveries on a page
# What has just been done, as the address of the page says.
DONE = {
    "change": "Changed.",
    "pause": "Paused. Its events wait in the log until you resume it.",
    "resume": "Resumed. What has waited is on its way.",
    "retry": "What was given up is tried again now, and what waits as well.",
    "replay": "Everything after that position is on its way again, with the same ids as before.",
}

State: TypeAlias = Literal["pending", "dead"]


async def show_webhook(
    request: Request,
    here: Resources,
    webhook_id: UUID,
    *,
    by: Principal,
    status: int = 200,
    state: State | None = None,
    pages: Paging | None = None,
    done: str = "",
    typed: Typed | None = None,
    secret: str | None = None,
    notice: tuple[str, str] | None = None,
) -> Response:
    """`notice`: kind and text. Raises WebhookNotFound, LogUnavailable."""
    row = await webhook_row(here, webhook_id, by=by)
    rows = await here.office.deliveries(
        webhook_id,
        dead=None if state is None else state == "dead",
        after=(pages.number("deliveries") or 0) if pages else 0,
        limit=SHOWN + 1,
    )
    href = f"{WEBHOOKS}/{webhook_id}"
    return page(
        request,
        "administration/webhook.html",
        by=by,
        status=status,
        webhook=row,
        href=href,
        deliveries=list(map(told, rows[:SHOWN])),
        state=state,
        next_href=_next(href, rows[SHOWN - 1].position, state=state) if len(rows) > SHOWN else None,
        first_href=_filtered(href, state) if pages and pages.cursor else None,
        typed=typed or Typed(),
        secret=secret,
        notice=("success", DONE[done]) if done in DONE else notice,
    )


def _next(href: str, after: int, *, state: State | None) -> str:
    mark = "&" if state else "?"
    return f"{_filtered(href, state)}{mark}cursor={cursor_of('deliveries', after)}"


def _filtered(href: str, state: State | None) -> str:
    return f"{href}?state={state}" if state else href
