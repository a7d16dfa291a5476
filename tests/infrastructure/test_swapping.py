"""A read model is made again beside the one that readers see, and swapped in one moment."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from application.at_end import append_at_end
from application.ports import StreamAppend
from benchmarks.rig.conversations import fill
from domain.catalogue import Event
from domain.ids import projection_stream
from domain.operation_events import ProjectionSkipped, ProjectionSwapped
from domain.recorded import Recorded
from domain.thread_events import ThreadRenamed
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.projecting.projector import Projector
from infrastructure.projecting.swapping import (
    NothingToRollBackTo,
    RebuildIsRunning,
    TablesAreNewer,
    rebuild,
    roll_back,
)
from projections.projection import Poisoned
from projections.record import RECORD
from projections.threads import Thread
from tests.infrastructure.test_projector import running, shown, stopped, write
from tests.infrastructure.working_process import working_process
from tests.projections.random_story import random_log
from tests.projections.story import WORKER, Log, Story
from tests.projections.tables import Tables, tables_in


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Of a new database, empty."""
    async with tables_in(postgres) as tables:
        yield tables


async def follow(tables: Tables, events: Sequence[Recorded[Event]]) -> None:
    """A projector has come as far, and has gone."""
    await write(tables.url, events)
    async with running(Projector(tables.url)):
        await shown(tables, len(events))


async def test_what_is_made_again_equals_what_was_live_and_readers_see_it(tables: Tables) -> None:
    events = random_log(3, events=500, threads=8).events
    await write(tables.url, events)
    async with running(Projector(tables.url)):
        await shown(tables, len(events))
        live = await tables.dump()
        assert (await tables.copy()).slot == "blue"
        through = await rebuild(tables.url, RECORD, actor="operator:test")
        assert (await tables.copy()).slot == "green"
        assert await tables.dump() == live
        assert through >= len(events)
        async with PostgresEventLog(tables.url) as log:
            [act] = await log.read_stream(projection_stream("record"))
        assert act.event == ProjectionSwapped("record", RECORD.version, through)
        assert act.actor == "operator:test"
        await shown(tables, act.position)


async def test_the_projector_goes_on_with_the_new_copy_and_the_one_before_can_come_back(
    tables: Tables,
) -> None:
    log = Log()
    Story(log).start(title="Trip")
    await write(tables.url, log.events)
    async with running(Projector(tables.url)):
        await shown(tables, 1)
        with pytest.raises(NothingToRollBackTo):
            await roll_back(tables.url, RECORD, actor="test")
        await rebuild(tables.url, RECORD, actor="test")
        async with PostgresEventLog(tables.url) as appending:
            thread, owner = log.events[0].stream_id, log.events[0].owner_id
            append = StreamAppend(thread, 1, [ThreadRenamed("Journey")], thread, owner)
            [renamed] = await appending.append(append, actor="test")
        await shown(tables, renamed.position)
        assert (await tables.one(Thread)).title == "Journey"
        await roll_back(tables.url, RECORD, actor="test")
        assert (await tables.copy()).slot == "blue"
        assert (await tables.one(Thread)).title == "Journey"


async def test_readers_and_the_projector_never_fail_while_copies_are_swapped(
    tables: Tables,
) -> None:
    seen: list[int] = []

    async def read() -> None:
        while True:
            async with tables.reading.session() as session:
                count = await session.scalar(text("SELECT count(*) FROM read.threads"))
            checkpoint = await tables.copy()
            seen.append(checkpoint.position)
            assert count is not None

    async with running(Projector(tables.url)), PostgresEventLog(tables.url) as log:
        writing = asyncio.create_task(fill(log, conversations=8, turns=20))
        await shown(tables, 1)
        reading = asyncio.create_task(read())
        for _ in range(6):
            await rebuild(tables.url, RECORD, actor="test")
        await writing
        await shown(tables, await log.reader.last_position())
        reading.cancel()
        await asyncio.wait([reading])
        assert reading.cancelled(), reading.exception()
    assert len(seen) > 20
    assert seen == sorted(seen), "a position fell"


async def test_of_two_rebuilds_at_once_one_is_refused(tables: Tables) -> None:
    events = random_log(3, events=300, threads=8).events
    await write(tables.url, events)

    async def one() -> str:
        try:
            await rebuild(tables.url, RECORD, actor="test")
        except RebuildIsRunning:
            return "refused"
        return "done"

    assert sorted(await asyncio.gather(one(), one())) == ["done", "refused"]


async def test_a_rebuild_that_was_killed_goes_on_where_it_was(tables: Tables) -> None:
    events = random_log(3, events=2500, threads=20).events
    await follow(tables, events)
    live = await tables.dump()

    async def until_something_is_done() -> int:
        while True:
            copies = await tables.reading.checkpoints()
            other = [copy for copy in copies if copy.name == RECORD.name][-1]
            if not other.active and other.position:
                return other.position
            await asyncio.sleep(0.001)

    killed = await working_process("rebuild", tables.url)
    async with asyncio.timeout(30):
        reached = await until_something_is_done()
    killed.kill()
    await killed.wait()
    told: list[int] = []
    async with asyncio.timeout(30):
        while True:  # until the server has noticed
            try:
                await rebuild(
                    tables.url, RECORD, actor="test", tell=lambda it: told.append(it.position)
                )
                break
            except RebuildIsRunning:
                await asyncio.sleep(0.05)
    assert told[0] > reached
    assert await tables.dump() == live


async def test_tables_of_an_older_version_are_read_until_those_of_this_one_are_whole(
    tables: Tables,
) -> None:
    log = Log()
    story = Story(log).start(title="Trip")
    story.ask("Hello")
    await follow(tables, log.events)
    newer = replace(RECORD, version=RECORD.version + 1)
    async with running(Projector(tables.url, projections=[newer])):
        async with asyncio.timeout(30):
            while (await tables.copy()).version != newer.version:
                assert (await tables.one(Thread)).title == "Trip"
        assert (await tables.copy()).position >= len(log.events)
    with pytest.raises(TablesAreNewer):
        await rebuild(tables.url, RECORD, actor="test")


async def test_the_tables_of_the_first_releases_are_read_until_they_are_replaced(
    tables: Tables,
) -> None:
    log = Log()
    story = Story(log).start(title="Trip")
    story.ask("Hello")
    await follow(tables, log.events)
    async with connected(tables.owner_url) as superuser:
        await superuser.execute("DROP SCHEMA read_green CASCADE")
        await superuser.execute("DELETE FROM threadlog.projections WHERE name = 'record'")
        for name in tables.names:
            await superuser.execute(f"DROP VIEW read.{name}")
            await superuser.execute(f"ALTER TABLE read_blue.{name} SET SCHEMA read")
            await superuser.execute(f"ALTER TABLE read.{name} OWNER TO threadlog_projector")
        await superuser.execute("CREATE SCHEMA read_green AUTHORIZATION threadlog_projector")
    async with running(Projector(tables.url)):
        await shown(tables, len(log.events))
        assert (await tables.one(Thread)).title == "Trip"
        assert (await tables.copy()).slot == "blue"


async def test_nobody_writes_through_what_readers_see(tables: Tables) -> None:
    async with connected(tables.url, role="threadlog_projector") as connection:
        with pytest.raises(Exception, match="permission denied for view threads"):
            await connection.execute("UPDATE read.threads SET title = 'mine'")


async def test_an_event_that_somebody_decided_to_skip_is_passed_over_in_rebuilds_too(
    tables: Tables,
) -> None:
    log = Log()
    story = Story(log).start(title="Trip")
    orphan = story.claim(WORKER)
    story.thread(ThreadRenamed("Journey"))
    await write(tables.url, log.events)
    async with running(Projector(tables.url, retry_seconds=0.05)):
        assert (await stopped(tables)).stopped_at == orphan
        with pytest.raises(Poisoned):
            await rebuild(tables.url, RECORD, actor="test")
        skip = ProjectionSkipped("record", RECORD.version, orphan, "RowIsMissing", "an orphan")
        async with PostgresEventLog(tables.url) as events:
            await append_at_end(events, projection_stream("record"), [skip], actor="operator:test")
        await shown(tables, len(log.events))
        assert (await tables.one(Thread)).title == "Journey"
        await rebuild(tables.url, RECORD, actor="test")
        assert (await tables.one(Thread)).title == "Journey"
