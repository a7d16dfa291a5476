"""Appends take turns at a table of the log's own: no lock of anybody else stops them."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import LogReader
from infrastructure.event_log.connection import connected
from infrastructure.migrations import migrate
from tests.infrastructure.event_log.appending import assert_sound, until, writer
from tests.infrastructure.event_log.databases import LogDatabase, new_log
from tests.infrastructure.event_log.events import raw

ADVISORY = "hashtextextended('threadlog.chat_events_append', 0)"
TURNS = ["0005_append_turn.sql", "0006_append_turn_alone.sql"]
FUNCTION = "SELECT pg_get_functiondef('threadlog.chat_events_append'::regproc)"


async def as_before(database: LogDatabase, *, function: str | None = None) -> None:
    """The database as it was before the turns; `function` in place of its append function."""
    async with connected(database.owner_url) as superuser:
        now = await superuser.fetchval(FUNCTION)
        turn = next(line.strip() for line in now.splitlines() if "append_turn" in line)
        then = now.replace(turn, f"PERFORM pg_advisory_xact_lock({ADVISORY});")
        await superuser.execute(function or then)
        await superuser.execute("DROP TABLE threadlog.append_turn")
        await superuser.execute("DELETE FROM threadlog.migrations WHERE name = ANY ($1)", TURNS)


async def test_the_advisory_lock_of_earlier_versions_stops_nobody(database: LogDatabase) -> None:
    async with (
        connected(database.owner_url) as superuser,
        writer(database.url, call_timeout_seconds=3.0) as log,
    ):
        await superuser.execute(f"SELECT pg_advisory_lock({ADVISORY})")
        [entry] = await log.append(raw(uuid4(), 0, "free"))
    assert entry.position == 1


async def test_an_append_that_began_before_the_turns_is_alone_with_the_log(
    postgres: EmbeddedPostgres,
) -> None:
    database = await new_log(postgres)
    await as_before(database)

    async def waiting(count: int) -> None:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = ("
        query += "SELECT oid FROM pg_database WHERE datname = current_database())"

        async def they_do() -> bool:
            return await superuser.fetchval(query) == count

        await until(they_do)

    async with (
        connected(database.owner_url) as superuser,
        writer(database.url) as early,
        writer(database.url) as late,
        LogReader(database.url) as reader,
    ):
        await superuser.execute(f"SELECT pg_advisory_lock({ADVISORY})")
        first = asyncio.create_task(early.append(raw(uuid4(), 0, "early")))
        await waiting(1)
        migrating = asyncio.create_task(migrate(database.owner_url, database.url))
        await waiting(2)
        second = asyncio.create_task(late.append(raw(uuid4(), 0, "late")))
        await waiting(3)
        await superuser.execute(f"SELECT pg_advisory_unlock({ADVISORY})")
        async with asyncio.timeout(10):
            assert await migrating == TURNS
            assert [entry.position for entry in await first] == [1]
            assert [entry.position for entry in await second] == [2]
        await assert_sound(reader)


async def test_another_append_function_than_the_released_one_is_not_touched(
    postgres: EmbeddedPostgres,
) -> None:
    database = await new_log(postgres)
    async with connected(database.owner_url) as superuser:
        mine = (await superuser.fetchval(FUNCTION)).replace("LOCK TABLE", "-- LOCK TABLE")
    await as_before(database, function=mine)
    with pytest.raises(asyncpg.RaiseError, match="not the one of 0003"):
        await migrate(database.owner_url, database.url)
    async with connected(database.owner_url) as superuser:
        assert await superuser.fetchval(FUNCTION) == mine
