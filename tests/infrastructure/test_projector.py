"""The projector process keeps up with the log whatever dies, once for each event."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

import pytest

from application.ports import StreamAppend
from domain.catalogue import CATALOGUE, Event
from domain.completion_events import Chunk
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.thread_events import ThreadRenamed
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import Codec, LogEntry, PostgresEventLog, UnknownEvent
from infrastructure.event_log.connection import connected
from infrastructure.projecting.projector import Projector
from projections.checkpoints import Checkpoint
from projections.threads import Thread
from tests.projections.random_story import random_log
from tests.projections.story import WORKER, Log, Story
from tests.projections.tables import Tables, tables_in
from tests.servers import FAST, data_folder, erase

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
AT_ONCE = 100  # appends; they are written in the order in which they were asked for


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Of a new database, empty."""
    async with tables_in(postgres) as tables:
        yield tables


async def write(url: str, events: Sequence[Recorded[Event]], *, codec: Codec | None = None) -> None:
    """Append them to the real log, where they get the positions and times of the story."""
    clock = partial(next, iter([event.at for event in events]))
    async with PostgresEventLog(url, clock=clock, codec=codec) as log:
        for begin in range(0, len(events), AT_ONCE):
            some = events[begin : begin + AT_ONCE]
            recorded = await asyncio.gather(*(log.append(_of(one), actor="test") for one in some))
            assert [one.position for [one] in recorded] == [one.position for one in some]


def _of(event: Recorded[Event]) -> StreamAppend:
    return StreamAppend(
        event.stream_id, event.version - 1, [event.event], event.thread_id, event.owner_id
    )


@asynccontextmanager
async def running(projector: Projector) -> AsyncGenerator[None]:
    task = asyncio.create_task(projector.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
    assert task.cancelled(), task.exception()


@asynccontextmanager
async def projector_process(url: str) -> AsyncGenerator[Process]:
    module = "tests.infrastructure.projector_process"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, url, cwd=ROOT, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def first_to_lead(*processes: Process) -> Process:
    async def leads(process: Process) -> Process:
        assert process.stdout is not None
        assert b"leads" in await process.stdout.readline()
        return process

    trying = [asyncio.create_task(leads(process)) for process in processes]
    async with asyncio.timeout(PATIENCE_SECONDS):
        done, rest = await asyncio.wait(trying, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.wait(trying)
    return done.pop().result()


async def shown(tables: Tables, position: int) -> None:
    """Wait until the tables show it."""
    assert await tables.reading.wait_for_position(position, timeout_seconds=PATIENCE_SECONDS)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


async def stopped(tables: Tables) -> Checkpoint:
    """Wait until the group says that it stands still."""

    async def stands_still() -> bool:
        checkpoint = await tables.reading.checkpoint()
        return checkpoint is not None and checkpoint.stopped_at is not None

    await until(stands_still)
    checkpoint = await tables.reading.checkpoint()
    assert checkpoint is not None
    return checkpoint


async def projectors(tables: Tables, *, count: int) -> None:
    """Wait until so many are there: one leads and listens, the others ask for its lock."""
    present = """
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND (query LIKE 'LISTEN %' OR query LIKE '%threadlog.projector%')
    """
    async with connected(tables.owner_url) as connection:

        async def are_present() -> bool:
            return await connection.fetchval(present) == count

        await until(are_present)


async def rows_after(tables: Tables, events: Sequence[Recorded[Event]]) -> object:
    """What the tables must hold in the end; they are empty again."""
    await tables.clear()
    await tables.apply(events)
    rows = await tables.dump()
    await tables.clear()
    return rows


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    records = (
        record for record in caplog.records if record.name == "infrastructure.projecting.projector"
    )
    return [record.message for record in records if record.levelno >= logging.WARNING]


async def test_an_append_is_shown_at_once(tables: Tables) -> None:
    log = Log()
    story = Story(log).start(title="Trip")
    async with running(Projector(tables.url, poll_seconds=600)):
        await write(tables.url, log.events)
        await shown(tables, 1)
        story.thread(ThreadRenamed("Journey"))
        await write(tables.url, log.events[1:])
        await shown(tables, 2)
    assert (await tables.one(Thread)).title == "Journey"


async def test_the_checkpoint_passes_over_what_changes_nothing(tables: Tables) -> None:
    log = Log()
    story = Story(log).start()
    _, completion = story.ask("Hello")
    story.claim(completion)
    before = len(log.events)
    for _ in range(20):
        story.stream(completion, Chunk(1, 1, 0, "text", "abc", ((3, 0),)))
    async with running(Projector(tables.url, poll_seconds=600)):
        await write(tables.url, log.events[:before])
        await shown(tables, before)
        await write(tables.url, log.events[before:])
        await shown(tables, len(log.events))


async def test_a_killed_leader_is_followed_at_once_and_nothing_is_applied_twice(
    tables: Tables,
) -> None:
    events = random_log(3, events=500, threads=8).events
    expected = await rows_after(tables, events)
    async with projector_process(tables.url) as one, projector_process(tables.url) as other:
        leader = await first_to_lead(one, other)
        await projectors(tables, count=2)
        writing = asyncio.create_task(write(tables.url, events))
        await shown(tables, 100)
        leader.kill()
        killed = perf_counter()
        await first_to_lead(other if leader is one else one)
        assert perf_counter() - killed < 3
        await writing
        await shown(tables, len(events))
    assert await tables.dump() == expected


class Patient(Codec):
    """Counts what it could not decode."""

    failures = 0

    async def is_patient(self) -> bool:
        return self.failures > 3

    def decode(self, entry: LogEntry) -> Recorded[Event]:
        try:
            return super().decode(entry)
        except UnknownEvent:
            self.failures += 1
            raise


async def test_an_event_from_the_future_stops_the_group_loudly_until_a_newer_projector_comes(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    newer = Codec([replace(k, revision=2) if k.name == "thread.renamed" else k for k in CATALOGUE])
    log = Log()
    story = Story(log).start(title="Trip")
    story.thread(ThreadRenamed("Journey"))
    story.ask("Hello")
    await write(tables.url, log.events, codec=newer)
    codec = Patient()
    async with running(Projector(tables.url, codec=codec, retry_seconds=0.05)):
        checkpoint = await stopped(tables)
        await until(codec.is_patient)
        assert await tables.reading.checkpoint() == checkpoint
    reason = "UnknownEvent: thread.renamed@2 at position 2"
    assert (checkpoint.position, checkpoint.stopped_at, checkpoint.error) == (1, 2, reason)
    assert warnings(caplog) == [f"projector: record stopped before position 2: {reason}"]
    assert (await tables.one(Thread)).title == "Trip"
    async with running(Projector(tables.url, codec=newer)):
        await shown(tables, len(log.events))
    moved = await tables.copy()
    assert (moved.position, moved.stopped_at, moved.error) == (len(log.events), None, None)
    assert (await tables.one(Thread)).title == "Journey"


async def test_an_upcaster_that_breaks_stops_the_group(tables: Tables) -> None:
    def broken(data: JsonObject) -> JsonObject:
        raise LookupError(f"what is in {sorted(data)}?")

    renamed_twice = [
        replace(kind, revision=2) if kind.name == "thread.renamed" else kind for kind in CATALOGUE
    ]
    log = Log()
    Story(log).start().thread(ThreadRenamed("Journey"))
    await write(tables.url, log.events)
    codec = Codec(renamed_twice, {"thread.renamed@1": broken})
    async with running(Projector(tables.url, codec=codec)):
        checkpoint = await stopped(tables)
    assert (checkpoint.position, checkpoint.stopped_at) == (1, 2)
    assert checkpoint.error == "LookupError: what is in ['title']?"


async def test_an_event_that_fits_no_row_stops_the_group_after_those_before_it(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log()
    story = Story(log).start()
    story.ask("Hello")
    orphan = story.claim(WORKER)
    story.ask("Is anybody there?")
    await write(tables.url, log.events)
    async with running(Projector(tables.url, retry_seconds=600)):
        checkpoint = await stopped(tables)
    assert (checkpoint.position, checkpoint.stopped_at) == (orphan - 1, orphan)
    assert checkpoint.error == f"RowIsMissing: Completion {WORKER}"
    told = f"projector: record stopped before position {orphan}: {checkpoint.error}"
    assert warnings(caplog).count(told) == 1  # other groups may come to the event, too
    assert (await tables.one(Thread)).message_count == 1


async def test_a_row_that_the_database_refuses_is_found_among_many(tables: Tables) -> None:
    log = Log()
    stories = [Story(log).start(title=f"Thread {number}") for number in range(50)]
    async with connected(tables.owner_url) as superuser:
        check = "ALTER TABLE read_blue.threads ADD CONSTRAINT t CHECK (title <> 'Thread 33')"
        await superuser.execute(check)
    await write(tables.url, log.events)
    async with running(Projector(tables.url, retry_seconds=600)):
        checkpoint = await stopped(tables)
    assert (checkpoint.position, checkpoint.stopped_at) == (33, 34)
    assert "CheckViolationError" in (checkpoint.error or "")
    assert len((await tables.dump())["threads"]) == 33
    async with connected(tables.owner_url) as superuser:
        await superuser.execute("ALTER TABLE read_blue.threads DROP CONSTRAINT t")
    async with running(Projector(tables.url)):
        await shown(tables, len(stories))


async def test_an_outage_is_survived_and_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with data_folder() as folder:
        server = EmbeddedPostgres(folder, settings=FAST)
        server.start()
        try:
            await _survive_outage(server, caplog)
        finally:
            erase(server)


async def _survive_outage(server: EmbeddedPostgres, caplog: pytest.LogCaptureFixture) -> None:
    log = Log()
    story = Story(log).start(title="Trip")

    async def is_told() -> bool:
        return bool(warnings(caplog))

    async with tables_in(server) as tables, running(Projector(tables.url)):
        await write(tables.url, log.events)
        await shown(tables, 1)
        assert await asyncio.to_thread(server.stop, wait_seconds=20)
        await until(is_told)
        await asyncio.to_thread(server.start)
        story.thread(ThreadRenamed("Journey"))
        await write(tables.url, log.events[1:])
        await shown(tables, 2)
        assert (await tables.one(Thread)).title == "Journey"
    assert len(warnings(caplog)) == 1
