"""Where auditors begin: they say why, then open any conversation."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from application.audit.refusals import AuditReasonMissing
from application.commands.context import Principal
from domain.account_events import ThreadRead
from interfaces.admin.forms import Filled, Form, fit
from interfaces.admin.inside.look import REASON_PAGE, ask_for_reason
from interfaces.admin.inside.reason_cookie import (
    MOST_CHARACTERS,
    keep_reason,
    kept_reason,
    short_reason_of,
)
from interfaces.admin.inside.way_back import way_back
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import Viewing
from interfaces.http.audit_reason import what
from interfaces.http.paging import Pages, page_of
from interfaces.http.resources import Here, Resources
from projections import threads
from projections.threads import Thread

router = APIRouter(prefix="/audit", route_class=PageRoute)

AUDIT_PAGE = "/_admin/audit"
SHOWN_THREADS = 20
KIND = "audited-threads"


class ReasonForm(Form):
    """Why, and where to go on."""

    reason: str = ""
    to: str = ""


@router.get("")
async def audit_page(request: Request, here: Here, by: Viewing, pages: Pages) -> Response:
    """Open a conversation by its id, or one of those that were active last."""
    reason = kept_reason(request, by)
    if reason is None:
        return ask_for_reason(request)
    async with here.tables.session() as session:
        found = await threads.list_newest(
            session,
            reader=by,
            order="activity",
            limit=min(pages.limit, SHOWN_THREADS),
            cursor=pages.number(KIND),
            archived=False,
            active_after=None,
        )
    await _written_down(request, here, found.items, by=by, reason=reason)
    listed = page_of(found.items, kind=KIND, after=found.next)
    return page(request, "inside/audit.html", by=by, reason=reason, rows=listed, error=None, id="")


@router.get("/open")
async def open_any_thread(
    request: Request, by: Viewing, thread: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """To the timeline of the conversation with this id."""
    try:
        return RedirectResponse(f"/_admin/threads/{UUID(thread.strip())}/timeline", 303)
    except ValueError:
        error = "This is not the id of a conversation: 32 hexadecimal digits in five groups."
    reason = kept_reason(request, by)
    return page(
        request,
        "inside/audit.html",
        by=by,
        status=422,
        reason=reason,
        rows=None,
        error=error,
        id=thread,
    )


@router.get("/reason")
async def reason_page(request: Request, by: Viewing, to: str = "") -> Response:
    """Why do you read?"""
    return _asking(request, by, reason=kept_reason(request, by) or "", to=to)


@router.post("/reason")
async def give_reason(request: Request, by: Viewing, filled: Filled) -> Response:
    """Keeps the reason in this browser until it is closed."""
    sent = fit(ReasonForm, filled)
    try:
        reason = short_reason_of(sent.reason)
    except AuditReasonMissing:
        error = f"Say why in 1 to {MOST_CHARACTERS} printable characters, in one line."
        return _asking(request, by, reason=sent.reason, to=sent.to, error=error)
    answer = RedirectResponse(way_back(sent.to, default=AUDIT_PAGE), 303)
    keep_reason(answer, request, reason, by=by)
    return answer


def _asking(
    request: Request, by: Principal, *, reason: str, to: str, error: str | None = None
) -> Response:
    return page(
        request,
        "inside/reason.html",
        by=by,
        status=422 if error else 200,
        given=reason,
        to=way_back(to, default=AUDIT_PAGE),
        action=REASON_PAGE,
        most=MOST_CHARACTERS,
        error=error,
    )


async def _written_down(
    request: Request, here: Resources, rows: Sequence[Thread], *, by: Principal, reason: str
) -> None:
    """That these are shown; in the log when it returns."""
    reads = [ThreadRead(row.id, what(request), reason) for row in rows]
    await here.access_log.audited(*reads, by=by)
