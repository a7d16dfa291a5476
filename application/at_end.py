"""Appends at the end of a stream that nobody decides from, such as a reader's or an operator's."""

from collections.abc import Sequence
from uuid import UUID

from application.ports import AnyRecorded, EventLog, StreamAppend, StreamConflict
from domain.catalogue import Event


async def append_at_end(
    log: EventLog,
    stream_id: UUID,
    events: Sequence[Event],
    *,
    actor: str,
    wait_seconds: float | None = None,
) -> list[AnyRecorded]:
    """Durable when it returns; begins the stream where there is none. See `EventLog.append`."""
    expected = None
    while True:
        append = StreamAppend(stream_id, expected, events)
        try:
            return await log.append(append, actor=actor, wait_seconds=wait_seconds)
        except StreamConflict:
            expected = 0 if expected is None else None
