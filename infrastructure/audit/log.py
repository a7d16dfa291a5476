"""What an audit asks of a log: the same of a live one and of an export."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.ranges import read_range
from infrastructure.event_log.reader import LogReader


class AuditedLog(Protocol):
    """Reads in order of position. A live one raises LogUnavailable; all are safe to repeat."""

    async def read_thread(
        self, thread_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[LogEntry]:
        """Events of all streams of a thread after a position."""
        ...

    async def read_stream(self, stream_id: UUID) -> list[LogEntry]:
        """All events of one stream."""
        ...

    async def read_range(
        self, *, after: int, through: int, topics: Sequence[str], limit: int
    ) -> list[LogEntry]:
        """Events between two positions; only of these topics, if any are named."""
        ...

    async def last_position(self) -> int:
        """The position of the log's last event; 0 while it is empty."""
        ...


class LiveLog:
    """The log in its database."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.read_thread = reader.read_thread
        self.last_position = reader.last_position

    async def read_stream(self, stream_id: UUID) -> list[LogEntry]:
        """See `AuditedLog.read_stream`."""
        return await self._reader.read_stream(stream_id)

    async def read_range(
        self, *, after: int, through: int, topics: Sequence[str], limit: int
    ) -> list[LogEntry]:
        """See `AuditedLog.read_range`."""
        return await read_range(
            self._reader.database, after=after, through=through, topics=topics, limit=limit
        )
