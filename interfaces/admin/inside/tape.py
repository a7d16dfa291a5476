"""What a playback plays: the events of a conversation, each at its time."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from domain.catalogue import Event
from domain.recorded import Recorded
from infrastructure.audit.log import AuditedLog
from infrastructure.audit.replay import PAGE_EVENTS, ReplayPlan
from infrastructure.event_log.codec import BrokenEvent, Codec, UnknownEvent
from infrastructure.event_log.entry import LogEntry
from interfaces.http.audit_reading import Reading
from interfaces.http.audit_replay import LONGEST_PAUSE, SECOND


class Cue(NamedTuple):
    """An event, and when it is due: seconds after the beginning of the conversation."""

    due: float
    entry: LogEntry
    event: Recorded[Event] | None  # None: this version cannot read it


@dataclass
class Tape:
    """Of one conversation. Between two turns a pause is 3 s at most."""

    log: AuditedLog
    thread_id: UUID
    through: int  # a position

    async def cues(self, reading: Reading, *, after: int) -> AsyncGenerator[Cue]:
        """The events after a position, in order. Waits while the log is away."""
        plan, codec, read, due = ReplayPlan(longest_pause=LONGEST_PAUSE), Codec(), 0, 0
        while read < self.through:
            entries = await reading.patiently(lambda: self._page(read))  # noqa: B023
            for entry in entries:
                frames = plan.frames(entry)
                due = frames[-1].due.after if frames else due
                if after < entry.position <= self.through:
                    yield Cue(due / SECOND, entry, _decoded(codec, entry))
            if len(entries) < PAGE_EVENTS:
                return
            read = entries[-1].position

    async def _page(self, after: int) -> list[LogEntry]:
        return await self.log.read_thread(self.thread_id, after=after, limit=PAGE_EVENTS)


def _decoded(codec: Codec, entry: LogEntry) -> Recorded[Event] | None:
    with suppress(UnknownEvent, BrokenEvent):
        return codec.decode(entry)
    return None
