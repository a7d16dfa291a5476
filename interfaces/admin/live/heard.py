"""Events of the relay as a conversation takes them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from domain.catalogue import BY_NAME, Event
from domain.recorded import Recorded
from infrastructure.relay.events import ThreadStreamEvent

# Not public, so that they arrive without their content, and yet seen on the page.
READ_FROM_LOG = frozenset(
    {"completion.message_recorded", "completion.tool_returned", "tool.finished"}
)

_DATA = b"\ndata: "


@dataclass(frozen=True)
class _Told:
    """A public event as clients get it."""

    position: int
    thread_id: UUID
    name: str
    at: datetime
    data: JsonValue
    completion_id: UUID | None = None
    execution_id: UUID | None = None


def public_event(event: ThreadStreamEvent) -> Recorded[Event] | None:
    """As it stands in the log, less version and actor, its time cut to milliseconds.

    None where it is not public: then the log has it, and `READ_FROM_LOG` says whether pages do.
    """
    if not event.sse:
        return None
    told = _told().validate_json(event.sse[event.sse.index(_DATA) + len(_DATA) :])
    return Recorded(
        event=_event(told.name).validate_python(told.data),
        stream_id=told.completion_id or told.execution_id or told.thread_id,
        version=0,
        position=told.position,
        at=round(told.at.timestamp() * 1000) * 1000,
        actor="",
        thread_id=told.thread_id,
    )


@cache
def _told() -> TypeAdapter[_Told]:
    return TypeAdapter(_Told)


@cache
def _event(name: str) -> TypeAdapter[Event]:
    return TypeAdapter(BY_NAME[name].type)
