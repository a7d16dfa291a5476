"""What had happened in a thread by a moment, event by event."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from application.audit.moments import Moment
from application.audit.refusals import EventCannotBeApplied
from domain.catalogue import BY_TYPE, TERMINAL_NAMES, Event
from domain.completion_events import CompletionStarted
from domain.recorded import Recorded
from infrastructure.audit.log import AuditedLog
from infrastructure.audit.moments import Cut
from infrastructure.audit.skipped import skipped_positions
from infrastructure.event_log.codec import BrokenEvent, Codec, UnknownEvent
from infrastructure.event_log.entry import LogEntry

AT_ONCE = 500  # events that are decoded before others have their turn

_STARTED = BY_TYPE[CompletionStarted].name
_codec = Codec()


async def events_so_far(
    log: AuditedLog, thread_id: UUID, moment: Moment | None = None
) -> list[Recorded[Event]]:
    """The thread's events up to the moment, in order; chunks only of answers under way then.

    Raises ThreadNotFound, ThreadNotStartedThen, PositionIsAhead, TimeIsAhead, and
    EventCannotBeApplied where one cannot be read, unless operators have passed over it.
    """
    cut = await Cut.at(log, moment)
    seen = await cut.read_thread(log, thread_id)
    under_way = _under_way(seen)
    if under_way:
        seen = [entry for entry in seen if entry.originator_id not in under_way]
        for stream_id in under_way:
            seen += await cut.read_stream(log, stream_id)
        seen.sort(key=_position)
    return await _decoded(log, seen)


def _under_way(entries: Sequence[LogEntry]) -> set[UUID]:
    """Completions that a worker has begun and that have not ended."""
    begun = {entry.originator_id for entry in entries if entry.name == _STARTED}
    ended = {entry.originator_id for entry in entries if entry.name in TERMINAL_NAMES}
    return begun - ended


async def _decoded(log: AuditedLog, entries: Sequence[LogEntry]) -> list[Recorded[Event]]:
    skipped: frozenset[int] | None = None
    events: list[Recorded[Event]] = []
    for number, entry in enumerate(entries, start=1):
        try:
            events.append(_codec.decode(entry))
        except (UnknownEvent, BrokenEvent) as error:
            if skipped is None:
                skipped = await skipped_positions(log)
            if entry.position not in skipped:
                reason = f"{type(error).__name__}: {error}"
                raise EventCannotBeApplied(entry.position, reason) from error
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return events


def _position(entry: LogEntry) -> int:
    return entry.position
