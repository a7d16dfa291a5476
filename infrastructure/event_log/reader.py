"""Reads of the log, as stored. Nobody else names its table."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import UUID

from domain.catalogue import CATALOGUE
from infrastructure.event_log.connection import RUNTIME, Row
from infrastructure.event_log.database import Database
from infrastructure.event_log.entry import LogEntry

PUBLIC_NAMES = tuple(kind.name for kind in CATALOGUE if kind.public)


@dataclass(frozen=True)
class Scan:
    """Some events in order of position, and the position up to which there are no others."""

    entries: list[LogEntry]
    through: int


class LogReader:
    """Reads on a small pool of its own. Use it as a context manager, or call `close`.

    Every read raises LogUnavailable when the database has not answered within `timeout_seconds`,
    in whatever way it fails to answer. Reads are safe to repeat.
    """

    def __init__(
        self, url: str, *, role: str = RUNTIME, connections: int = 5, timeout_seconds: float = 3.0
    ) -> None:
        self.database = Database(
            url, role=role, connections=connections, timeout_seconds=timeout_seconds
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give up the connections; bounded by the time of one read."""
        await self.database.close()

    async def read_stream(
        self, stream_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[LogEntry]:
        """Events of one stream with a version after `after`, in order; without chunks if asked."""
        return _entries(await self.database.fetch("read_stream", stream_id, after, limit, chunks))

    async def first_of_stream(self, stream_id: UUID) -> LogEntry | None:
        """The event that began the stream; None when there is no such stream."""
        entries = await self.read_stream(stream_id, limit=1)
        return entries[0] if entries else None

    async def last_of_stream(self, stream_id: UUID) -> LogEntry | None:
        """The stream's latest event; None when there is no such stream."""
        entries = _entries(await self.database.fetch("last_of_stream", stream_id))
        return entries[0] if entries else None

    async def read_thread(
        self, thread_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[LogEntry]:
        """Events of all streams of a thread after a position, in order.

        With chunks each has its `previous`, which chains all events of the thread.
        """
        if chunks:
            return _entries(await self.database.fetch("read_thread", thread_id, after, limit, None))
        return _entries(await self.database.fetch("read_thread_cold", thread_id, after, limit))

    async def read_thread_public(
        self, thread_id: UUID, *, after: int = 0, limit: int | None = None
    ) -> list[LogEntry]:
        """All events of a thread with their `previous`; those that are not public have no state."""
        return _entries(
            await self.database.fetch("read_thread", thread_id, after, limit, list(PUBLIC_NAMES))
        )

    async def read_owner_public(
        self,
        owner_id: UUID,
        *,
        follow: Collection[UUID] = (),
        after: int = 0,
        limit: int | None = None,
    ) -> list[LogEntry]:
        """Events of a user's threads after a position, in order; chunks of those in `follow` only.

        Those that are not public have no state. `previous` chains this read, from `after` on.
        """
        return _entries(
            await self.database.fetch(
                "read_owner", owner_id, after, limit, list(follow), list(PUBLIC_NAMES)
            )
        )

    async def read_after(self, position: int, *, limit: int, chunks: bool = True) -> Scan:
        """Events of the whole log after a position, in order, and how far that looked.

        Nothing that was left out stands at or before `through`, and nothing ever will: without
        chunks, and when the log ends before `limit`, it is the last position of the log.
        """
        rows = await self.database.fetch(
            "read_after" if chunks else "read_after_cold", position, limit
        )
        entries = [LogEntry(*row[1:9]) for row in rows if row[1] is not None]
        full = len(entries) == limit
        return Scan(entries, through=entries[-1].position if full else rows[0][0])

    async def thread_tails(self, thread_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last position of each thread; 0 for one without events."""
        return {
            row[0]: row[1] for row in await self.database.fetch("thread_tails", list(thread_ids))
        }

    async def owner_tails(self, owner_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last position of each user's events, chunks not counted, in any thread; else 0."""
        return {row[0]: row[1] for row in await self.database.fetch("owner_tails", list(owner_ids))}

    async def last_position(self) -> int:
        """The position of the log's last event; 0 while it is empty."""
        rows = await self.database.fetch("last_position")
        return rows[0][0]


def _entries(rows: Sequence[Row]) -> list[LogEntry]:
    return [LogEntry(*row) for row in rows]
