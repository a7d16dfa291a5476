"""Writers under test, what they wrote, and a way to hold them in mid-call."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from application.ports import StreamConflict
from infrastructure.event_log import RUNTIME, GroupCommitWriter, LogEntry, LogReader
from infrastructure.event_log.batch import NewEvents
from infrastructure.event_log.connection import Connection, connect, connected
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import FINISHED, raw

TURN = "LOCK TABLE threadlog.append_turn IN SHARE UPDATE EXCLUSIVE MODE"


class Commits:
    """Collects what a writer says it has committed."""

    def __init__(self) -> None:
        self.batches: list[list[LogEntry]] = []

    def __call__(self, entries: Sequence[LogEntry]) -> None:
        self.batches.append(list(entries))

    @property
    def entries(self) -> list[LogEntry]:
        """All of them, in the order of the commits."""
        return [entry for batch in self.batches for entry in batch]

    @property
    def texts(self) -> list[list[bytes]]:
        """The states of each batch."""
        return [[entry.state for entry in batch] for batch in self.batches]


def writer(
    url: str,
    commits: Commits | None = None,
    *,
    call_timeout_seconds: float = 12.0,
    max_events: int = 1000,
) -> GroupCommitWriter:
    """A writer as a process has it."""
    return GroupCommitWriter(
        partial(connect, url, role=RUNTIME, timeout_seconds=min(5.0, call_timeout_seconds)),
        on_commit=commits,
        call_timeout_seconds=call_timeout_seconds,
        max_events=max_events,
    )


class Typing:
    """A source that types a number of events, one or more at a time, into its own stream."""

    def __init__(self, target: GroupCommitWriter, *, events: int, at_once: int = 1) -> None:
        self.stream_id = uuid4()
        self.thread_id = uuid4()
        self.version = 0
        self.asked = 0
        self.refusals: list[Exception] = []
        self.done = asyncio.Event()
        self._target = target
        self._events = events
        self._at_once = at_once

    def take(self) -> NewEvents | None:
        self.asked += 1
        count = min(self._at_once, self._events - self.version)
        if count <= 0 or self.refusals:
            return None
        texts = [f"{self.stream_id}.{self.version + n}" for n in range(1, count + 1)]
        return raw(self.stream_id, self.version, *texts, thread_id=self.thread_id)

    def committed(self, entries: Sequence[LogEntry]) -> None:
        self.version = entries[-1].originator_version
        if self.version == self._events:
            self.done.set()
        self._target.wake(within_seconds=0.001)

    def refused(self, error: Exception) -> None:
        self.refusals.append(error)
        self.done.set()


@asynccontextmanager
async def held(database: LogDatabase) -> AsyncGenerator[Connection]:
    """Nobody can append meanwhile: a call waits in the server for the log's lock."""
    async with connected(database.owner_url) as superuser:
        await superuser.execute(f"BEGIN; {TURN}")
        yield superuser
        await superuser.execute("COMMIT")


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 10) -> None:
    """Wait for it; TimeoutError when it does not become true."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)


async def until_somebody_waits(superuser: Connection) -> None:
    """A statement of somebody else waits for a lock."""

    async def waits() -> bool:
        return await superuser.fetchval("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted")

    await until(waits)


async def assert_sound(reader: LogReader) -> list[LogEntry]:
    """Dense positions, dense versions, nothing after an end, time that never falls."""
    entries = (await reader.read_after(0, limit=1_000_000)).entries
    assert [entry.position for entry in entries] == list(range(1, len(entries) + 1))
    versions: dict[UUID, int] = {}
    ended: set[UUID] = set()
    for entry in entries:
        stream = entry.originator_id
        assert entry.originator_version == versions.get(stream, 0) + 1
        assert stream not in ended
        versions[stream] = entry.originator_version
        if entry.topic == FINISHED:
            ended.add(stream)
    times = [entry.recorded_at for entry in entries]
    assert times == sorted(times)
    return entries


async def outcome(log: GroupCommitWriter, *appends: NewEvents) -> dict[UUID, int] | None:
    """None: written; else where the streams of the conflict stand."""
    try:
        await log.append(*appends)
    except StreamConflict as conflict:
        return conflict.streams
    return None


async def queued(*tasks: asyncio.Task[Any]) -> None:
    """Let these tasks run until they wait for the writer."""
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)
