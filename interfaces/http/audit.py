"""Time travel for auditors: a thread as it stood at a moment, and what changed between two."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from application.audit.moments import Moment, moment_of
from application.commands.context import Principal
from domain.account_events import ThreadRead
from domain.refusals import ThreadNotFound
from infrastructure.audit.fold import standing
from infrastructure.audit.log import LiveLog
from infrastructure.event_log.entry import LogEntry
from interfaces.http.audit_reason import Reason, what
from interfaces.http.audit_views import (
    DifferenceView,
    StandingView,
    difference_view,
    standing_view,
)
from interfaces.http.authentication import Caller
from interfaces.http.in_time import TimelyRoute
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/audit", tags=["audit"], route_class=TimelyRoute)

MOMENT = "a position of the log, or a time with its offset"


def _moment(name: str) -> Any:
    async def read(value: Annotated[str | None, Query(alias=name, description=MOMENT)] = None):
        return moment_of(value) if value else None

    return Depends(read)


AsOf = Annotated[Moment | None, _moment("as_of")]
From = Annotated[Moment | None, _moment("from")]
To = Annotated[Moment | None, _moment("to")]


@router.get("/threads/{thread_id}")
async def audit_thread(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Caller,
    reason: Reason,
    thread_id: UUID,
    as_of: AsOf = None,
    whole_tree: Annotated[bool, Query(alias="all")] = False,
) -> StandingView:
    """The thread exactly as it stood; without `as_of`, as it stands now."""
    await open_thread(here, thread_id, request=request, by=by, reason=reason)
    stood = await standing(LiveLog(here.reader), thread_id, as_of)
    return standing_view(stood, whole_tree=whole_tree)


@router.get("/threads/{thread_id}/diff")
async def audit_diff(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Caller,
    reason: Reason,
    thread_id: UUID,
    begin: From = None,
    end: To = None,
) -> DifferenceView:
    """What changed from one moment (default: the thread's first event) to another (now)."""
    first = await open_thread(here, thread_id, request=request, by=by, reason=reason)
    log = LiveLog(here.reader)
    old = await standing(log, thread_id, first.position if begin is None else begin)
    new = await standing(log, thread_id, end)
    return difference_view(old, new)


async def open_thread(
    here: Resources, thread_id: UUID, *, request: Request, by: Principal, reason: str
) -> LogEntry:
    """Its first event; that the thread is read is in the log when this returns.

    Raises ThreadNotFound, and LogUnavailable or OutcomeUnknown: nothing may be shown then.
    """
    first = await here.reader.first_of_stream(thread_id)
    if first is None or first.name != "thread.started":
        raise ThreadNotFound
    await here.access_log.audited(ThreadRead(thread_id, what(request), reason), by=by)
    return first
