"""The application's event log on PostgreSQL: events in, events out, durable in between."""

import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self
from uuid import UUID

from application.ports import AnyRecorded, AppendSource, StreamAppend
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.committer import OnCommit
from infrastructure.event_log.connection import RUNTIME, connect
from infrastructure.event_log.reader import LogReader
from infrastructure.event_log.source import EncodedSource, encoded, recorded
from infrastructure.event_log.writer import GroupCommitWriter


def now() -> int:
    """Microseconds since 1970 on this machine's clock."""
    return time.time_ns() // 1000


class PostgresEventLog:
    """Implements `application.ports.EventLog`; one per process, used as a context manager.

    `reader` and `writer` are the same log below the codec, for the relay, audit and export.
    """

    def __init__(
        self,
        url: str,
        *,
        on_commit: OnCommit | None = None,
        clock: Callable[[], int] = now,
        codec: Codec | None = None,
        connections: int = 5,
    ) -> None:
        self.reader = LogReader(url, connections=connections)
        self.writer = GroupCommitWriter(partial(connect, url, role=RUNTIME), on_commit=on_commit)
        self._codec = codec or Codec()
        self._clock = clock
        self._sources: dict[int, EncodedSource] = {}  # by identity: a source need not be hashable

    async def __aenter__(self) -> Self:
        await self.writer.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Write what is queued (bounded) and give up all connections."""
        await self.writer.close()
        await self.reader.close()

    async def append(
        self,
        *appends: StreamAppend,
        actor: str,
        cause: str | None = None,
        wait_seconds: float | None = None,
    ) -> list[AnyRecorded]:
        """See `application.ports.EventLog.append`."""
        at = self._clock()
        encode = partial(encoded, codec=self._codec, at=at, actor=actor, cause=cause)
        entries = await self.writer.append(*map(encode, appends), wait_seconds=wait_seconds)
        events = [event for append in appends for event in append.events]
        return recorded(events, entries, at=at, actor=actor, cause=cause)

    def attach(self, source: AppendSource, *, actor: str, cause: str | None = None) -> None:
        """See `application.ports.EventLog.attach`. Safe to repeat."""
        if id(source) in self._sources:
            return
        attached = EncodedSource(
            source, codec=self._codec, clock=self._clock, actor=actor, cause=cause
        )
        self._sources[id(source)] = attached
        self.writer.attach(attached)

    def detach(self, source: AppendSource) -> None:
        """See `application.ports.EventLog.detach`."""
        attached = self._sources.pop(id(source), None)
        if attached is not None:
            self.writer.detach(attached)

    def wake(self, *, within_seconds: float = 0.0) -> None:
        """See `application.ports.EventLog.wake`."""
        self.writer.wake(within_seconds=within_seconds)

    async def read_stream(
        self, stream_id: UUID, *, after: int = 0, chunks: bool = True, limit: int | None = None
    ) -> list[AnyRecorded]:
        """See `application.ports.EventLog.read_stream`. Raises LogUnavailable after 3 s."""
        entries = await self.reader.read_stream(stream_id, after=after, chunks=chunks, limit=limit)
        return [self._codec.decode(entry) for entry in entries]

    async def read_thread(
        self, thread_id: UUID, *, after: int = 0, chunks: bool = False, limit: int | None = None
    ) -> list[AnyRecorded]:
        """See `application.ports.EventLog.read_thread`. Raises LogUnavailable after 3 s."""
        entries = await self.reader.read_thread(thread_id, after=after, chunks=chunks, limit=limit)
        return [self._codec.decode(entry) for entry in entries]
