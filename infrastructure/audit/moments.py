"""Where a moment stands in a log, and what had happened by then."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from uuid import UUID

from application.audit.moments import Moment
from application.audit.refusals import ThreadNotStartedThen, TimeIsAhead
from domain.refusals import PositionIsAhead, ThreadNotFound
from infrastructure.audit.log import AuditedLog
from infrastructure.event_log.entry import LogEntry


@dataclass(frozen=True)
class Cut:
    """What had happened by a moment: nothing is appended before a cut once it was found."""

    through: int
    until: datetime | None = None  # on the database's clock

    @classmethod
    async def at(cls, log: AuditedLog, moment: Moment | None) -> Self:
        """None: now. Raises PositionIsAhead or TimeIsAhead."""
        end = await log.last_position()
        match moment:
            case None:
                return cls(end)
            case int(position):
                if position > end:
                    raise PositionIsAhead
                return cls(position)
            case datetime() as time:
                if time > datetime.now(UTC) and not await _is_reached(log, end, time):
                    raise TimeIsAhead
                return cls(end, time)

    def holds(self, entry: LogEntry) -> bool:
        """Had it been recorded by then?"""
        return entry.position <= self.through and (
            self.until is None or entry.recorded_at <= self.until
        )

    async def read_thread(self, log: AuditedLog, thread_id: UUID) -> list[LogEntry]:
        """The thread's events by then, without chunks; there is at least one.

        Raises ThreadNotFound and ThreadNotStartedThen.
        """
        entries = await log.read_thread(thread_id, chunks=False)
        if not entries:
            raise ThreadNotFound
        seen = [entry for entry in entries if self.holds(entry)]
        if not seen:
            raise ThreadNotStartedThen
        return seen

    async def read_stream(self, log: AuditedLog, stream_id: UUID) -> list[LogEntry]:
        """All events of one stream by then."""
        return [entry for entry in await log.read_stream(stream_id) if self.holds(entry)]


async def _is_reached(log: AuditedLog, end: int, time: datetime) -> bool:
    """Has the log been written by a clock that is ahead of ours?"""
    last = await log.read_range(after=end - 1, through=end, topics=(), limit=1)
    return bool(last) and time <= last[0].recorded_at
