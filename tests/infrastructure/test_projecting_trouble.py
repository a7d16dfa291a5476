"""Versions, settings, pauses and readers in the way: no tables are spoilt, and somebody is told."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from time import perf_counter

import pytest
from sqlalchemy import text

from benchmarks.rig.conversations import fill
from docs.examples.read_models.questions_per_day import QUESTIONS_PER_DAY
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.projecting import acts
from infrastructure.projecting.projector import Projector
from infrastructure.projecting.standing import look
from infrastructure.projecting.swapping import rebuild
from infrastructure.projecting.verifying import verify
from projections import slots
from projections.record import RECORD
from projections.threads import Thread
from tests.infrastructure.test_projector import running, shown, until, warnings, write
from tests.projections.random_story import random_log
from tests.projections.story import Log, Story
from tests.projections.tables import Tables, tables_in

NEWER = replace(RECORD, version=RECORD.version + 1)
HOLD_SECONDS = 2.0


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Of a new database, empty."""
    async with tables_in(postgres) as tables:
        yield tables


def projector(tables: Tables, *, newer: bool = False) -> Projector:
    projections = [NEWER if newer else RECORD]
    return Projector(tables.url, projections=projections, retry_seconds=0.05)


async def follows(tables: Tables, log: Log) -> None:
    await write(tables.url, log.events)
    async with running(projector(tables)):
        await shown(tables, len(log.events))


async def test_what_is_paused_is_made_again_for_a_newer_version_only_when_it_is_resumed(
    tables: Tables,
) -> None:
    log = random_log(3, events=50)
    await follows(tables, log)
    await acts.pause(tables.url, "record", actor="test")
    newer = Projector(tables.url, projections=[NEWER, QUESTIONS_PER_DAY])
    async with running(newer), PostgresEventLog(tables.url) as events:
        await fill(events, conversations=1, turns=1)
        last = await events.reader.last_position()
        assert await tables.reading.wait_for_position(
            last, timeout_seconds=30, projection=QUESTIONS_PER_DAY.name
        )
        record, _ = await look(events.reader.database, [NEWER, QUESTIONS_PER_DAY])
        older = f"made by an older version ({RECORD.version}, here {NEWER.version})"
        assert record.state == f"paused; {older}"
        assert (record.shown, record.other) == (await tables.copy(), None)
        await acts.resume(tables.url, "record", actor="test")

        async def is_newer() -> bool:
            return (await tables.copy()).version == NEWER.version

        await until(is_newer)


async def test_who_was_paused_does_not_go_on_in_the_tables_of_a_newer_version(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log()
    Story(log).start(title="Trip")
    await write(tables.url, log.events)
    async with running(projector(tables)):
        await shown(tables, 1)
        await acts.pause(tables.url, "record", actor="test")
        await rebuild(tables.url, NEWER, actor="test")
        position = (await tables.copy()).position
        await acts.resume(tables.url, "record", actor="test")

        async def is_told() -> bool:
            return any("made by a newer version" in told for told in warnings(caplog))

        await until(is_told)
        assert (await tables.copy()).position == position
    async with running(projector(tables, newer=True)):
        await shown(tables, position + 1)


async def test_tables_with_other_columns_under_the_same_version_are_left_alone_until_remade(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    log = Log()
    Story(log).start(title="Trip")
    await follows(tables, log)
    async with connected(tables.owner_url) as superuser:
        await superuser.execute("ALTER TABLE read_blue.threads RENAME agent TO robot")
    async with running(projector(tables)):

        async def is_told() -> bool:
            return any("not those of this code" in told for told in warnings(caplog))

        await until(is_told)
        await rebuild(tables.url, RECORD, actor="test")
        await shown(tables, 2)
    assert (await tables.one(Thread)).title == "Trip"
    assert (await verify(tables.url, RECORD)).equal


async def test_a_half_made_copy_with_other_columns_is_begun_again(tables: Tables) -> None:
    await follows(tables, random_log(3, events=100))
    async with tables.engine.begin() as connection:
        await slots.begin(connection, RECORD, "green")
    async with connected(tables.owner_url) as superuser:
        await superuser.execute("ALTER TABLE read_green.threads DROP COLUMN title")
    await rebuild(tables.url, RECORD, actor="test")
    assert (await verify(tables.url, RECORD)).equal


async def test_a_leader_keeps_what_it_knows_and_the_next_one_the_rest(tables: Tables) -> None:
    log = random_log(3, events=100)
    await write(tables.url, log.events)
    both = Projector(tables.url, projections=[RECORD, QUESTIONS_PER_DAY])
    async with running(projector(tables)):
        await shown(tables, len(log.events))
        async with running(both):
            await shown(tables, len(log.events))
            async with PostgresEventLog(tables.url, connections=1) as reading:
                record, other = await look(reading.reader.database, [RECORD, QUESTIONS_PER_DAY])
            assert (record.faults, other.faults) == ([], ["has never run"])
    async with running(both):
        assert await tables.reading.wait_for_position(
            len(log.events), timeout_seconds=30, projection=QUESTIONS_PER_DAY.name
        )
    assert (await verify(tables.url, QUESTIONS_PER_DAY)).equal


async def test_a_reader_who_keeps_a_view_delays_the_swap_and_hardly_anybody_else(
    tables: Tables,
) -> None:
    await follows(tables, random_log(3, events=100))
    longest = 0.0

    async def read() -> None:
        nonlocal longest
        while True:
            began = perf_counter()
            async with tables.reading.session() as session:
                await session.scalar(text("SELECT count(*) FROM read.threads"))
            longest = max(longest, perf_counter() - began)
            await asyncio.sleep(0.01)

    async with connected(tables.owner_url) as slow:
        await slow.execute("BEGIN")
        await slow.execute("SELECT count(*) FROM read.threads")
        rebuilding = asyncio.create_task(rebuild(tables.url, RECORD, actor="test"))
        reading = asyncio.create_task(read())
        await asyncio.wait({rebuilding}, timeout=HOLD_SECONDS)
        assert not rebuilding.done()
        await slow.execute("COMMIT")
        async with asyncio.timeout(20):
            await rebuilding
    reading.cancel()
    await asyncio.wait({reading})
    assert reading.cancelled(), reading.exception()
    assert 0 < longest < HOLD_SECONDS


async def test_one_whose_tables_cannot_be_made_does_not_stop_the_others(
    tables: Tables, caplog: pytest.LogCaptureFixture
) -> None:
    log = random_log(3, events=100)
    await write(tables.url, log.events)
    async with connected(tables.owner_url) as superuser:
        await superuser.execute("CREATE TABLE read_blue.questions_per_day (mine int)")
        await superuser.execute("CREATE VIEW mine AS SELECT * FROM read_blue.questions_per_day")
    both = [RECORD, QUESTIONS_PER_DAY]
    async with running(Projector(tables.url, projections=both, retry_seconds=0.05)):
        await shown(tables, len(log.events))

        async def is_told() -> bool:
            return any("questions_per_day cannot go on" in told for told in warnings(caplog))

        await until(is_told)
        async with connected(tables.owner_url) as superuser:
            await superuser.execute("DROP VIEW mine")
        assert await tables.reading.wait_for_position(
            len(log.events), timeout_seconds=30, projection=QUESTIONS_PER_DAY.name
        )
