"""What the relay carries: one committed event of a thread, encoded once for all its readers."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.frames import is_public, sse_block


@dataclass(frozen=True, slots=True)
class ThreadStreamEvent:
    """One committed event of a thread. Two are equal when their bytes are, live or from the log.

    `previous` is the position of the event before it in its thread, or in the log's answer when
    all threads of a user are read; 0 for the first. It never leaves the relay. `sse` is the
    finished block, empty for an event that is not public.
    """

    thread_id: UUID
    previous: int
    position: int
    name: str
    sse: bytes


@dataclass(frozen=True, slots=True)
class ThreadCancelledEvent(ThreadStreamEvent):
    """An answer was cancelled: `completion.cancelled`."""


class BrokenMessage(ValueError):
    """A message on a relay channel is not one of ours."""


def channel_of(owner_id: UUID, *, prefix: str) -> str:
    """The Redis channel that carries the events of all threads of one user."""
    return f"{prefix}events:user:{owner_id}"


def stream_event(entry: LogEntry) -> ThreadStreamEvent:
    """The event as readers get it. `entry` belongs to a thread and has its `previous`."""
    assert entry.thread_id is not None
    assert entry.previous is not None
    sse = sse_block(entry) if is_public(entry) else b""
    kind = _kind(entry.name)
    return kind(entry.thread_id, entry.previous, entry.position, entry.name, sse)


def pack(events: Iterable[ThreadStreamEvent]) -> bytes:
    """One Redis message: a line for each event, and its SSE block behind the line."""
    return b"".join(
        b"%s %d %d %s %d\n%s" % (e.thread_id.hex.encode(), e.previous, e.position,
                                 e.name.encode(), len(e.sse), e.sse)
        for e in events
    )  # fmt: skip


def unpack(message: bytes) -> list[ThreadStreamEvent]:
    """The events that `pack` was given, in order. Raises BrokenMessage for any other bytes."""
    events: list[ThreadStreamEvent] = []
    at = 0
    try:
        while at < len(message):
            begin = message.index(b"\n", at) + 1
            thread_id, previous, position, name, size = message[at:begin].decode().split(" ")
            at = begin + int(size)
            if not begin <= at <= len(message):
                raise BrokenMessage("cut off")
            sse = message[begin:at]
            events.append(_kind(name)(UUID(thread_id), int(previous), int(position), name, sse))
    except ValueError as error:
        raise BrokenMessage(f"{len(message)} bytes that are no events: {error}") from error
    return events


def _kind(name: str) -> type[ThreadStreamEvent]:
    return ThreadCancelledEvent if name == "completion.cancelled" else ThreadStreamEvent
