"""What every event log promises, in memory and on PostgreSQL: the tests of its users rely on it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from uuid import UUID

import pytest

from application.ports import AnyRecorded, EventLog, StreamAppend, StreamConflict
from domain.catalogue import Event
from domain.completion_events import (
    Answer,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionRequested,
    Usage,
)
from domain.ids import uuid7
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.migrations import migrate
from tests.application.house import until
from tests.application.memory_log import MemoryLog
from tests.servers import new_database

CHUNK = Chunk(1, 1, 0, "text", "Zażółć 😀", ((6, 0), (2, 12)))
CANCELLED = CompletionCancelled(1, Answer("", 0, "", Usage()))


@pytest.fixture(scope="module")
async def postgres_log(postgres: EmbeddedPostgres) -> AsyncGenerator[PostgresEventLog]:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    async with PostgresEventLog(url) as log:
        yield log


@pytest.fixture(params=["memory", "postgres"])
def log(request: pytest.FixtureRequest) -> EventLog:
    return MemoryLog() if request.param == "memory" else request.getfixturevalue("postgres_log")


class Stream:
    """A completion's stream with `length` events, and a source that appends to it."""

    def __init__(self, log: EventLog) -> None:
        self.id, self.thread_id, self.owner_id = uuid7(), uuid7(), uuid7()
        self.version = 0
        self.given: list[Event] = []
        self.committed_events: list[AnyRecorded] = []
        self.conflicts: list[StreamConflict] = []
        self.log = log

    def append(self, expected: int | None, *events: Event) -> StreamAppend:
        return StreamAppend(self.id, expected, events, self.thread_id, self.owner_id)

    async def begin(self) -> list[AnyRecorded]:
        self.version = 1
        requested = CompletionRequested(self.thread_id, uuid7(), "assistant")
        return await self.log.append(self.append(0, requested), actor="user")

    # An AppendSource

    def take(self) -> StreamAppend | None:
        given, self.given = self.given, []
        return self.append(self.version, *given) if given else None

    def committed(self, recorded: Sequence[AnyRecorded]) -> None:
        self.version = recorded[-1].version
        self.committed_events += recorded

    def refused(self, conflict: StreamConflict) -> None:
        self.conflicts.append(conflict)


@pytest.fixture
async def stream(log: EventLog) -> AsyncGenerator[Stream]:
    stream = Stream(log)
    log.attach(stream, actor="worker", cause="claim")
    yield stream
    log.detach(stream)


async def test_an_append_gives_neighbouring_positions_and_counts_each_stream(log: EventLog):
    one, two = Stream(log), Stream(log)
    await one.begin()
    recorded = await log.append(
        one.append(1, CHUNK, CHUNK),
        StreamAppend(two.id, 0, [CHUNK], one.thread_id, one.owner_id),
        actor="worker",
        cause="why",
    )
    first = recorded[0].position
    assert [one.position for one in recorded] == [first, first + 1, first + 2]
    assert [one.version for one in recorded] == [2, 3, 1]
    assert [one.stream_id for one in recorded] == [one.id, one.id, two.id]
    assert {(one.actor, one.cause) for one in recorded} == {("worker", "why")}
    assert {one.at for one in recorded} == {recorded[0].at}
    assert await log.read_stream(one.id, after=1) == recorded[:2]


async def test_reads_are_in_order_after_a_place_and_limited(log: EventLog, stream: Stream):
    await stream.begin()
    (second, third, fourth) = await log.append(
        stream.append(1, CHUNK, CancelRequested("why"), CHUNK), actor="worker"
    )
    assert await log.read_stream(stream.id, after=1, limit=2) == [second, third]
    assert await log.read_stream(stream.id, after=4) == []
    assert await log.read_thread(stream.thread_id, after=second.position, chunks=True) == [
        third,
        fourth,
    ]
    cold = await log.read_thread(stream.thread_id)
    assert [type(one.event) for one in cold] == [CompletionRequested, CancelRequested]
    assert await log.read_thread(uuid7()) == []


async def test_a_conflict_names_each_stream_that_is_elsewhere_and_writes_nothing(log: EventLog):
    one, two, three = Stream(log), Stream(log), Stream(log)
    await one.begin()
    await two.begin()
    with pytest.raises(StreamConflict) as conflict:
        await log.append(
            one.append(1, CHUNK), two.append(0, CHUNK), three.append(7, CHUNK), actor="worker"
        )
    assert conflict.value.streams == {two.id: 1, three.id: 0}
    assert len(await log.read_stream(one.id)) == 1
    assert await log.read_stream(three.id) == []


async def test_a_request_to_cancel_needs_no_version_but_a_stream_that_has_not_ended(
    log: EventLog, stream: Stream
):
    await stream.begin()
    (cancel,) = await log.append(stream.append(None, CancelRequested()), actor="user")
    assert cancel.version == 2
    await log.append(stream.append(2, CANCELLED), actor="worker")
    for expected in (None, 3):
        with pytest.raises(StreamConflict) as conflict:
            await log.append(stream.append(expected, CancelRequested()), actor="user")
        assert conflict.value.streams == {stream.id: 3}


async def test_a_source_is_asked_when_woken_and_told_what_it_has_written(
    log: EventLog, stream: Stream
):
    await stream.begin()
    stream.given = [CHUNK, CHUNK]
    log.wake()
    await until(lambda: stream.committed_events != [])
    assert stream.committed_events == await log.read_stream(stream.id, after=1)
    assert [one.version for one in stream.committed_events] == [2, 3]
    assert {(one.actor, one.cause) for one in stream.committed_events} == {("worker", "claim")}


async def test_a_later_waking_does_not_put_off_an_earlier_one(log: EventLog, stream: Stream):
    await stream.begin()
    stream.given = [CHUNK]
    log.wake(within_seconds=0.02)
    log.wake(within_seconds=60)
    await until(lambda: stream.committed_events != [])


async def test_a_source_that_is_elsewhere_is_refused_alone(log: EventLog, stream: Stream):
    await stream.begin()
    other = Stream(log)
    await other.begin()
    log.attach(other, actor="worker")
    await log.append(stream.append(None, CancelRequested()), actor="user")
    stream.given, other.given = [CHUNK], [CHUNK]
    log.wake()
    await until(lambda: stream.conflicts != [] and other.committed_events != [])
    log.detach(other)
    assert stream.conflicts[0].streams == {stream.id: 2}
    assert stream.committed_events == []


async def test_what_comes_while_a_batch_is_under_way_goes_into_the_next(
    log: EventLog, stream: Stream
):
    await stream.begin()
    for _ in range(10):
        stream.given.append(CHUNK)
        log.wake()
        await asyncio.sleep(0)
    await until(lambda: len(stream.committed_events) == 10)
    assert [one.version for one in stream.committed_events] == list(range(2, 12))


async def test_a_detached_source_is_not_asked_again(log: EventLog, stream: Stream):
    await stream.begin()
    log.detach(stream)
    stream.given = [CHUNK]
    log.wake()
    other = Stream(log)
    log.attach(other, actor="worker")
    await other.begin()
    other.given = [CHUNK]
    log.wake()
    await until(lambda: other.committed_events != [])
    log.detach(other)
    assert stream.given == [CHUNK]
    assert isinstance(stream.id, UUID)
