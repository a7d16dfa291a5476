"""The event log as blocking calls from any thread, in the library's words for what goes wrong."""

import weakref
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from infrastructure.event_log.batch import NewEvents
from infrastructure.event_log.connection import Row, connect
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.ranges import read_range, read_versions
from infrastructure.event_log.reader import LogReader
from infrastructure.event_log.writer import GroupCommitWriter
from infrastructure.event_sourcing.background import BackgroundLoop
from infrastructure.event_sourcing.errors import library_errors
from infrastructure.event_sourcing.listener import Listener, Sleeper
from infrastructure.event_sourcing.step import Step
from infrastructure.event_sourcing.stepping import Stepping

READ_SECONDS = 10.0
WRITE_SECONDS = 30.0
T = TypeVar("T")


class _Ways:
    """The ways to the database, each opened when it is first needed; lives on the loop."""

    def __init__(self, url: str, *, role: str) -> None:
        self._open_connection = partial(connect, url, role=role)
        self._writer: GroupCommitWriter | None = None
        self.reader = LogReader(url, role=role, timeout_seconds=READ_SECONDS)
        self.listener = Listener(self._open_connection)
        self.stepping = Stepping(self._open_connection, timeout_seconds=WRITE_SECONDS)

    async def append(self, appends: Sequence[NewEvents]) -> list[LogEntry]:
        if self._writer is None:
            self._writer = GroupCommitWriter(self._open_connection)
            await self._writer.__aenter__()
        return await self._writer.append(*appends, wait_seconds=WRITE_SECONDS)

    async def close(self) -> None:
        await self.listener.close()
        if self._writer is not None:
            await self._writer.close()
        await self.stepping.close()
        await self.reader.close()


class Log:
    """One way to the log, shared by the recorders of one factory; ends with them at the latest.

    Every call waits for its answer and raises the library's exceptions.
    """

    def __init__(self, url: str, *, role: str) -> None:
        self._loop = BackgroundLoop()
        self._ways = _Ways(url, role=role)
        self._end = weakref.finalize(self, self._loop.close, self._ways.close)

    def close(self) -> None:
        """Write what is under way, bounded, and give up all connections. Safe to repeat."""
        self._end()

    def append(self, appends: Sequence[NewEvents]) -> list[LogEntry]:
        """Write all of them as one, with what other threads write; the entries in order."""
        return self._run(self._ways.append(appends))

    def take(self, step: Step) -> list[LogEntry]:
        """Record a follower's step; its new events in order."""
        return self._run(self._ways.stepping.take(step))

    def read_versions(
        self,
        stream_id: UUID,
        *,
        after: int | None,
        through: int | None,
        newest_first: bool,
        limit: int | None,
    ) -> list[LogEntry]:
        """See `infrastructure.event_log.ranges.read_versions`."""
        database = self._ways.reader.database
        read = partial(read_versions, database, stream_id, after=after, through=through)
        return self._run(read(newest_first=newest_first, limit=limit))

    def read_range(
        self, *, after: int, through: int | None, topics: Sequence[str], limit: int
    ) -> list[LogEntry]:
        """See `infrastructure.event_log.ranges.read_range`."""
        database = self._ways.reader.database
        return self._run(
            read_range(database, after=after, through=through, topics=topics, limit=limit)
        )

    def last_position(self) -> int:
        """The position of the log's last event; 0 while it is empty."""
        return self._run(self._ways.reader.last_position())

    def query(self, sql: str, *arguments: object) -> list[Row]:
        """The rows of a statement that is safe to repeat."""
        return self._run(self._ways.reader.database.run(sql, *arguments))

    def execute(self, sql: str, *arguments: object) -> list[Row]:
        """The rows of a statement that is sent only once."""
        return self._run(self._ways.stepping.execute(sql, *arguments))

    def create(self, script: str) -> None:
        """Run statements that make tables."""
        self._run(self._ways.stepping.create(script))

    def listen(self, sleeper: Sleeper) -> None:
        """Have it woken after each commit, until `unlisten`; waits for nothing."""
        self._loop.post(self._ways.listener.add, sleeper)

    def unlisten(self, sleeper: Sleeper) -> None:
        """The end of `listen`."""
        self._loop.post(self._ways.listener.remove, sleeper)

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        with library_errors():
            return self._loop.run(coroutine)
