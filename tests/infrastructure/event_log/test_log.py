"""The log as the application has it: events in, recorded events out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID, uuid4

import pytest
from pydantic_core import PydanticSerializationError

from application.ports import (
    AnyRecorded,
    AppendSource,
    EventLog,
    LogUnavailable,
    StreamAppend,
    StreamConflict,
)
from domain.thread_events import ThreadRenamed, ThreadStarted
from infrastructure.event_log import LogEntry, PostgresEventLog
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import (
    append,
    cancel,
    chunk,
    finished,
    requested,
    started,
)


@pytest.fixture
async def log(any_database: LogDatabase) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog(any_database.url) as log:
        yield log


def test_it_is_the_applications_port() -> None:
    port: type[EventLog] = PostgresEventLog
    assert port


async def test_what_an_append_answers_is_what_readers_find(log: PostgresEventLog) -> None:
    thread, run, owner = uuid4(), uuid4(), uuid4()
    written = await log.append(
        StreamAppend(thread, 0, [ThreadStarted(owner, "support")], thread, owner),
        StreamAppend(run, 0, [requested()], thread, owner),
        StreamAppend(thread, 1, [ThreadRenamed("Grüße")], thread, owner),
        actor=f"user:{owner}",
        cause="a request",
    )
    assert await log.read_thread(thread) == written
    assert [(r.stream_id, r.version, r.position) for r in written] == [
        (thread, 1, 1),
        (run, 1, 2),
        (thread, 2, 3),
    ]
    assert {(r.thread_id, r.owner_id, r.actor, r.cause) for r in written} == {
        (thread, owner, f"user:{owner}", "a request")
    }
    assert await log.read_stream(thread, after=1) == written[2:]


async def test_chunks_of_a_thread_come_only_when_asked_for(log: PostgresEventLog) -> None:
    thread, run = uuid4(), uuid4()
    written = await log.append(
        append(run, 0, requested(), chunk(), chunk(), finished(), thread_id=thread), actor="system"
    )
    assert await log.read_thread(thread) == [written[0], written[3]]
    assert await log.read_thread(thread, chunks=True) == written
    assert await log.read_thread(thread, chunks=True, after=1, limit=1) == written[1:2]
    assert await log.read_stream(run) == written


async def test_a_conflict_says_where_the_stream_stands(log: PostgresEventLog) -> None:
    run = uuid4()
    await log.append(append(run, 0, requested(), started()), actor="system")
    with pytest.raises(StreamConflict) as refused:
        await log.append(append(run, 1, started()), actor="system")
    assert refused.value.streams == {run: 2}


async def test_a_request_to_cancel_fits_any_version_until_the_end(log: PostgresEventLog) -> None:
    run = uuid4()
    await log.append(append(run, 0, requested(), started()), actor="system")
    [recorded] = await log.append(append(run, None, cancel()), actor="user:1")
    assert recorded.version == 3
    await log.append(append(run, 3, finished()), actor="system")
    with pytest.raises(StreamConflict):
        await log.append(append(run, None, cancel()), actor="user:1")


class Journal:
    """A completion's one writer, cut down to what the log sees of it."""

    def __init__(self, log: PostgresEventLog, run: UUID) -> None:
        self.recorded: list[AnyRecorded] = []
        self.conflict: StreamConflict | None = None
        self.done = asyncio.Event()
        self._log = log
        self._run = run
        self._waiting = [chunk(text) for text in ("Hello", " wonderful", " world")]

    def take(self) -> StreamAppend | None:
        if not self._waiting or self.conflict:
            return None
        return append(self._run, 1 + len(self.recorded), self._waiting[0])

    def committed(self, recorded: Sequence[AnyRecorded]) -> None:
        self.recorded += recorded
        del self._waiting[0]
        self._log.wake()
        if not self._waiting:
            self.done.set()

    def refused(self, conflict: StreamConflict) -> None:
        self.conflict = conflict
        self.done.set()


async def test_a_journal_takes_part_until_it_is_detached(log: PostgresEventLog) -> None:
    run = uuid4()
    await log.append(append(run, 0, requested()), actor="system")
    journal = Journal(log, run)
    source: AppendSource = journal
    log.attach(source, actor="worker:1", cause="claim")
    log.attach(source, actor="worker:1", cause="claim")  # once more is not twice
    log.wake(within_seconds=0.005)
    await asyncio.wait_for(journal.done.wait(), 5)
    log.detach(source)
    log.detach(source)
    assert journal.recorded == await log.read_stream(run, after=1)
    assert {(r.actor, r.cause) for r in journal.recorded} == {("worker:1", "claim")}


async def test_a_fenced_journal_is_told_where_its_stream_stands(log: PostgresEventLog) -> None:
    run = uuid4()
    await log.append(append(run, 0, requested(), started()), actor="system")
    journal = Journal(log, run)
    log.attach(journal, actor="worker:1")
    log.wake()
    await asyncio.wait_for(journal.done.wait(), 5)
    assert journal.conflict is not None
    assert journal.conflict.streams == {run: 2}


async def test_a_journal_whose_text_cannot_be_stored_is_refused_with_the_reason(
    log: PostgresEventLog,
) -> None:
    class Careless(Journal):
        def take(self) -> StreamAppend | None:
            return None if self.conflict else append(uuid4(), 0, chunk("\udc00"))

    journal = Careless(log, uuid4())
    log.attach(journal, actor="worker:1")
    log.wake()
    await asyncio.wait_for(journal.done.wait(), 5)
    assert journal.conflict is not None
    assert isinstance(journal.conflict.__cause__, PydanticSerializationError)


async def test_an_event_that_cannot_be_stored_is_refused_before_it_is_queued(
    log: PostgresEventLog,
) -> None:
    run = uuid4()
    with pytest.raises(PydanticSerializationError):
        await log.append(append(run, 0, requested(), chunk("\ud800")), actor="system")
    assert await log.read_stream(run) == []


async def test_the_relay_gets_every_commit_with_its_chain(any_database: LogDatabase) -> None:
    told: list[LogEntry] = []
    async with PostgresEventLog(any_database.url, on_commit=told.extend) as log:
        thread, run = uuid4(), uuid4()
        await log.append(append(run, 0, requested(), chunk(), thread_id=thread), actor="system")
        await log.append(append(run, 2, finished(), thread_id=thread), actor="system")
        assert told == await log.reader.read_thread(thread)
        assert [entry.previous for entry in told] == [0, 1, 2]


async def test_times_are_those_of_the_process_that_decided(any_database: LogDatabase) -> None:
    async with PostgresEventLog(any_database.url, clock=lambda: 12) as log:
        [recorded] = await log.append(append(uuid4(), 0, requested()), actor="system")
        assert recorded.at == 12


async def test_a_log_that_was_never_there_is_unavailable_in_time() -> None:
    async with PostgresEventLog("postgresql://nobody@/nothing?host=/nowhere") as log:
        with pytest.raises(LogUnavailable):
            await log.append(append(uuid4(), 0, requested()), actor="system", wait_seconds=0.2)
