"""What operators ask of a read model by an event: the projector that leads does it."""

from collections.abc import Iterable

from application.at_end import append_at_end
from application.ports import AnyRecorded, EventLog
from domain.ids import projection_stream
from domain.operation_events import (
    ProjectionAct,
    ProjectionActRequested,
    ProjectionPaused,
    ProjectionResumed,
    ProjectionSwapped,
)
from domain.recorded import Recorded

Request = Recorded[ProjectionActRequested]

WAIT_SECONDS = 3.0  # then the caller is told that the log is away


async def ask_for(log: EventLog, name: str, act: ProjectionAct, *, actor: str) -> bool:
    """Needs no rights but to append. False: that was asked for before, and is not done yet.

    Safe to repeat. Raises LogUnavailable and OutcomeUnknown.
    """
    stream = projection_stream(name)
    waiting = open_requests(await log.read_stream(stream))
    if any(request.event.act == act for request in waiting):
        return False
    asked = ProjectionActRequested(name, act)
    await append_at_end(log, stream, [asked], actor=actor, wait_seconds=WAIT_SECONDS)
    return True


def open_requests(stream: Iterable[AnyRecorded]) -> list[Request]:
    """Those that nothing later in the read model's stream has answered, in their order.

    Whoever else makes it again, pauses or resumes it has answered them as well. Of requests to
    pause and to resume the last one counts; the act that an earlier one led to does not answer it.
    """
    making: Request | None = None
    standing: Request | None = None
    for recorded in stream:
        match recorded.event:
            case ProjectionActRequested() as event:
                request = _of(recorded, event)
                if event.act == "rebuild":
                    making = making or request
                else:
                    standing = request
            case ProjectionSwapped():
                making = None
            case ProjectionPaused() if standing and standing.event.act == "pause":
                standing = None
            case ProjectionResumed() if standing and standing.event.act == "resume":
                standing = None
            case _:
                pass
    found = [request for request in (making, standing) if request is not None]
    return sorted(found, key=lambda request: request.version)


def _of(recorded: AnyRecorded, event: ProjectionActRequested) -> Request:
    return Recorded(
        event,
        recorded.stream_id,
        version=recorded.version,
        position=recorded.position,
        at=recorded.at,
        actor=recorded.actor,
    )
