"""The whole log for auditors, a page at a time."""

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from domain.account_events import LogRead
from domain.catalogue import BY_NAME
from domain.refusals import PositionIsAhead
from infrastructure.audit.feed import WINDOW_POSITIONS, topics_of
from infrastructure.audit.log import AuditedLog, LiveLog
from infrastructure.event_log.entry import LogEntry
from interfaces.admin.inside.look import ask_for_reason
from interfaces.admin.inside.query import Position
from interfaces.admin.inside.raw_event import event_file
from interfaces.admin.inside.reason_cookie import kept_reason
from interfaces.admin.inside.timeline import Row, Rows, Wanted
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import Viewing
from interfaces.http.audit_events import Names
from interfaces.http.audit_reason import what
from interfaces.http.resources import Here

router = APIRouter(prefix="/audit/events", route_class=PageRoute)

PAGE_EVENTS = 100
MOST_WINDOWS = 25  # of the log, for one page; what is wanted may be rare


@router.get("")
async def audit_feed(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Viewing,
    names: Names,
    after: Position = None,
    through: Position = None,
) -> Response:
    """Events of everybody between two positions; without any, the last ones."""
    reason = kept_reason(request, by)
    if reason is None:
        return ask_for_reason(request)
    log = LiveLog(here.reader)
    end = await log.last_position()
    if max(after or 0, through or 0) > end:
        raise PositionIsAhead
    last = end if through is None else through
    begin = max(last - PAGE_EVENTS, 0) if after is None else after
    await here.access_log.audited(LogRead(what(request), begin, names, reason), by=by)
    entries, seen = await read_page(log, after=begin, through=last, topics=topics_of(names))
    chosen = ",".join(names or ())
    return page(
        request,
        "inside/feed.html",
        by=by,
        reason=reason,
        rows=rows_of(entries, Wanted(sees_all=True, viewer=by.actor, pieces=names is not None)),
        begin=begin,
        after=after,
        through=through,
        seen=seen,
        end=end,
        earlier=max(begin - PAGE_EVENTS, 0) if begin else None,
        names=chosen,
        query=urlencode({"names": chosen}) if chosen else "",
        all_names=list(BY_NAME),
    )


@router.get("/{position}")
async def audit_event(
    request: Request, here: Here, by: Viewing, position: Annotated[int, Path(ge=1, lt=2**63)]
) -> Response:
    """One event of the log as a file, as it is stored."""
    reason = kept_reason(request, by)
    if reason is None:
        return ask_for_reason(request)
    await here.access_log.audited(LogRead(what(request), position - 1, None, reason), by=by)
    return await event_file(here.reader, position, thread_id=None, sees_all=True)


async def read_page(
    log: AuditedLog, *, after: int, through: int, topics: Sequence[str]
) -> tuple[list[LogEntry], int]:
    """Some events in order, and the position up to which there are no others."""
    found: list[LogEntry] = []
    for _ in range(MOST_WINDOWS):
        window = min(through, after + WINDOW_POSITIONS)
        room = PAGE_EVENTS - len(found)
        found += await log.read_range(after=after, through=window, topics=topics, limit=room)
        if len(found) == PAGE_EVENTS:
            return found, found[-1].position
        after = window
        if window >= through:
            break
    return found, after


def rows_of(entries: Sequence[LogEntry], wanted: Wanted) -> list[Row]:
    """As an auditor sees them."""
    rows = Rows(wanted)
    for entry in entries:
        rows.take(entry)
    return rows.rows
