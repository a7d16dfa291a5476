"""Two ways to write the same events as fast as it goes: the product's, and one without order."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from application.ports import AnyRecorded, StreamAppend, StreamConflict
from benchmarks.rig.log_server import LogServer
from domain.completion_events import Chunk
from domain.ids import uuid7
from infrastructure.event_log import Codec, LogEntry, PostgresEventLog
from infrastructure.event_log.connection import Connection, connected
from infrastructure.event_log.log import now

CHUNK = Chunk(1, 1, 0, "text", "Hello wonderful world, ", ((5, 11), (10, 9), (8, 14)))

BARE = """
CREATE SCHEMA bare;
CREATE TABLE bare.events (LIKE threadlog.chat_events INCLUDING ALL);
CREATE SEQUENCE bare.positions CACHE 1000;
"""
INSERT = """
INSERT INTO bare.events
SELECT x.id, x.version, x.topic, x.state, nextval('bare.positions'), x.thread, x.owner,
       clock_timestamp()
  FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bytea[], $5::uuid[], $6::uuid[])
       AS x(id, version, topic, state, thread, owner)
"""


class Writing(Protocol):
    """One way to write, ready to go."""

    batches: list[int]  # events in each that was committed
    waits_ms: list[float]  # from having an event until it is durable

    async def run(self, seconds: float) -> None:
        """Write as fast as it goes."""
        ...


class Completion:
    """Has its next chunk as soon as the last one is durable."""

    def __init__(self, log: PostgresEventLog, *, waits_ms: list[float]) -> None:
        self._log = log
        self._waits_ms = waits_ms
        self._stream_id, self._thread_id, self._owner_id = uuid7(), uuid7(), uuid7()
        self._version = 0
        self._since = time.perf_counter()

    def take(self) -> StreamAppend:
        self._since = time.perf_counter()
        return StreamAppend(
            self._stream_id, self._version, (CHUNK,), self._thread_id, self._owner_id
        )

    def committed(self, recorded: Sequence[AnyRecorded]) -> None:
        self._waits_ms.append((time.perf_counter() - self._since) * 1e3)
        self._version = recorded[-1].version
        self._log.wake()

    def refused(self, conflict: StreamConflict) -> None:
        raise conflict


class Ours:
    """Through the log as a worker has it."""

    def __init__(self, log: PostgresEventLog, *, batches: list[int], streams: int) -> None:
        self.batches = batches
        self.waits_ms: list[float] = []
        self._log = log
        self._completions = [Completion(log, waits_ms=self.waits_ms) for _ in range(streams)]

    async def run(self, seconds: float) -> None:
        self.batches.clear()
        for completion in self._completions:
            self._log.attach(completion, actor=f"worker:{uuid7()}")
        self._log.wake()
        await asyncio.sleep(seconds)
        for completion in self._completions:
            self._log.detach(completion)


class Bare:
    """One event of each stream in one statement, one after the other."""

    def __init__(self, connection: Connection, *, streams: int) -> None:
        self.batches: list[int] = []
        self.waits_ms: list[float] = []
        self._connection = connection
        self._streams = [uuid7() for _ in range(streams)]
        self._threads = [uuid7() for _ in range(streams)]
        self._owners = [uuid7() for _ in range(streams)]
        self._actors = [f"worker:{uuid7()}" for _ in range(streams)]
        self._codec = Codec()

    async def run(self, seconds: float) -> None:
        ends_at, version = time.perf_counter() + seconds, 0
        while (began := time.perf_counter()) < ends_at:
            version += 1
            await self._insert(version)
            self.batches.append(len(self._streams))
            self.waits_ms.append((time.perf_counter() - began) * 1e3)

    async def _insert(self, version: int) -> None:
        stored = [self._codec.encode(CHUNK, at=now(), actor=actor) for actor in self._actors]
        await self._connection.execute(
            INSERT,
            self._streams,
            [version] * len(stored),
            [topic for topic, _ in stored],
            [state for _, state in stored],
            self._threads,
            self._owners,
        )


@asynccontextmanager
async def ours(server: LogServer, *, streams: int) -> AsyncGenerator[Writing]:
    """Connected, nothing written."""
    batches: list[int] = []

    def count(entries: Sequence[LogEntry]) -> None:
        batches.append(len(entries))

    async with PostgresEventLog(server.url, on_commit=count) as log:
        await log.reader.last_position()
        yield Ours(log, batches=batches, streams=streams)


@asynccontextmanager
async def bare(server: LogServer, *, streams: int) -> AsyncGenerator[Writing]:
    """Connected, nothing written."""
    async with connected(server.owner_url) as connection:
        yield Bare(connection, streams=streams)
