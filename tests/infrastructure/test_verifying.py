"""What readers see is compared with what the log makes of it, and the first faults are named."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from uuid import uuid4

import pytest

from benchmarks.rig.conversations import fill
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.projecting.comparing import Fault
from infrastructure.projecting.projector import Projector
from infrastructure.projecting.swapping import TablesAreNewer, TablesDiffer, rebuild
from infrastructure.projecting.verifying import (
    NeverMade,
    NoThreads,
    Sample,
    TablesAreOlder,
    VerifyIsRunning,
    verify,
)
from projections.record import RECORD
from tests.infrastructure.test_projector import running, shown, until, write
from tests.infrastructure.working_process import working_process
from tests.projections.random_story import random_log
from tests.projections.tables import Tables, tables_in

EVENTS = 400


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Of a new database, empty."""
    async with tables_in(postgres) as tables:
        yield tables


@pytest.fixture(scope="module")
async def whole(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Some conversations, which no test changes."""
    async with tables_in(postgres) as tables:
        await filled(tables)
        yield tables


async def filled(tables: Tables, *, events: int = EVENTS) -> None:
    """Some conversations, in the log and in the tables."""
    log = random_log(5, events=events, threads=60)
    await write(tables.url, log.events)
    async with running(Projector(tables.url, projections=[RECORD])):
        await shown(tables, len(log.events))


async def damage(tables: Tables, *statements: str) -> None:
    """As nobody may but a superuser."""
    async with connected(tables.owner_url) as superuser:
        for statement in statements:
            await superuser.execute(statement)


async def aside(tables: Tables) -> int:
    """How many tables there are."""
    count = "SELECT count(*) FROM pg_tables WHERE schemaname = 'read_aside'"
    async with connected(tables.owner_url) as connection:
        return await connection.fetchval(count)


async def test_rows_that_are_as_the_log_makes_them_are_equal(whole: Tables) -> None:
    verdict = await verify(whole.url, RECORD)
    assert verdict.equal
    assert verdict.position >= EVENTS
    rows = {table.table: table.rows for table in verdict.tables}
    assert rows == {name: len(rows) for name, rows in (await whole.dump()).items()}
    assert await aside(whole) == 0


async def test_a_changed_a_missing_and_an_extra_row_are_named_by_their_keys(
    tables: Tables,
) -> None:
    await filled(tables)
    changed, missing = [row["id"] for row in (await tables.dump())["threads"][:2]]
    extra = str(uuid4())
    await damage(
        tables,
        f"UPDATE read_blue.threads SET title = 'mine', agent = 'me' WHERE id = '{changed}'",
        f"DELETE FROM read_blue.threads WHERE id = '{missing}'",
        "CREATE TEMP TABLE one AS SELECT * FROM read_blue.threads LIMIT 1;"
        f" UPDATE one SET id = '{extra}'; INSERT INTO read_blue.threads SELECT * FROM one",
    )
    verdict = await verify(tables.url, RECORD)
    found = {table.table: table for table in verdict.tables}
    assert not verdict.equal
    assert found["messages"].equal
    assert found["threads"].counts == {"differs": 1, "missing": 1, "surplus": 1}
    assert found["threads"].faults == [
        Fault("differs", {"id": changed}, found["threads"].faults[0].columns),
        Fault("missing", {"id": missing}, []),
        Fault("surplus", {"id": extra}, []),
    ]
    assert set(found["threads"].faults[0].columns) == {"title", "agent"}


async def test_a_sample_is_some_threads_and_all_that_belongs_to_them(tables: Tables) -> None:
    await filled(tables)
    whole = {table.table: table.rows for table in (await verify(tables.url, RECORD)).tables}
    parts = [await verify(tables.url, RECORD, sample=Sample(part)) for part in (30, 70)]
    for verdict in parts:
        assert verdict.equal, verdict
    few, many = ({table.table: table.rows for table in part.tables} for part in parts)
    assert few["threads"] < many["threads"] < whole["threads"]
    await damage(tables, "UPDATE read_blue.messages SET role = 'mine'")
    [bad] = [
        one for one in (await verify(tables.url, RECORD, sample=Sample(70))).tables if not one.equal
    ]
    assert (bad.table, bad.counts["differs"]) == ("messages", many["messages"])


async def test_there_is_no_sample_of_what_does_not_belong_to_threads(whole: Tables) -> None:
    from docs.examples.read_models.questions_per_day import QUESTIONS_PER_DAY  # noqa: PLC0415

    with pytest.raises(NoThreads):
        await verify(whole.url, QUESTIONS_PER_DAY, sample=Sample(50))


async def test_the_projector_goes_on_meanwhile_and_rows_are_compared_as_they_were(
    tables: Tables,
) -> None:
    async with (
        running(Projector(tables.url, projections=[RECORD])),
        PostgresEventLog(tables.url) as log,
    ):
        writing = asyncio.create_task(fill(log, conversations=8, turns=30))
        await shown(tables, 1)
        positions: list[int] = []
        while not writing.done():
            verdict = await verify(tables.url, RECORD)
            assert verdict.equal, verdict
            positions.append(verdict.position)
        await rebuild(tables.url, RECORD, actor="test")
        assert (await verify(tables.url, RECORD)).equal
    assert len(set(positions)) > 1, "nothing was written meanwhile"


async def test_of_two_at_once_one_is_refused(whole: Tables) -> None:
    async def one() -> str:
        try:
            verdict = await verify(whole.url, RECORD)
        except VerifyIsRunning:
            return "refused"
        return "equal" if verdict.equal else "differs"

    assert sorted(await asyncio.gather(one(), one())) == ["equal", "refused"]
    assert await aside(whole) == 0


async def test_what_a_killed_one_left_is_cleared_away_by_the_next(tables: Tables) -> None:
    await filled(tables, events=2500)
    killed = await working_process("verify", tables.url)

    async def has_rows() -> bool:
        async with connected(tables.owner_url) as connection:
            if await connection.fetchval("SELECT to_regclass('read_aside.messages')") is None:
                return False
            return await connection.fetchval("SELECT EXISTS (SELECT FROM read_aside.messages)")

    await until(has_rows)
    killed.kill()
    await killed.wait()
    assert await aside(tables) > 0

    async def is_equal() -> bool:
        try:
            return (await verify(tables.url, RECORD)).equal
        except VerifyIsRunning:  # until the server has noticed
            return False

    await until(is_equal)
    assert await aside(tables) == 0


async def test_tables_of_another_version_or_with_other_columns_are_not_compared(
    tables: Tables,
) -> None:
    await filled(tables)
    with pytest.raises(TablesAreOlder):
        await verify(tables.url, replace(RECORD, version=RECORD.version + 1))
    with pytest.raises(TablesAreNewer):
        await verify(tables.url, replace(RECORD, version=RECORD.version - 1))
    with pytest.raises(NeverMade):
        await verify(tables.url, replace(RECORD, name="other"))
    await damage(tables, "ALTER TABLE read_blue.threads ADD COLUMN mine int")
    with pytest.raises(TablesDiffer):
        await verify(tables.url, RECORD)
