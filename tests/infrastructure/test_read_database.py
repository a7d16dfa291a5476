"""Sessions on the read tables: they cannot write, and they hold nothing while they are silent."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.connection import connected
from infrastructure.migrations import migrate
from infrastructure.read_database import ReadDatabase, ReadTablesUnavailable
from projections.threads import Thread
from tests.projections.story import Log, Story
from tests.projections.tables import Tables, tables_in
from tests.servers import new_database


@pytest.fixture(scope="session")
async def read_tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    async with tables_in(postgres) as tables:
        yield tables


@pytest.fixture
async def tables(read_tables: Tables) -> Tables:
    await read_tables.clear()
    return read_tables


@pytest.fixture
async def database(tables: Tables) -> AsyncGenerator[ReadDatabase]:
    database = ReadDatabase(tables.url, connections=2, timeout_seconds=1)
    yield database
    await database.close()


def a_thread() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": uuid4(),
        "user_id": uuid4(),
        "agent": "a",
        "metadata_": {},
        "archived": False,
        "message_count": 0,
        "created_at": now,
        "updated_at": now,
        "position": 1,
    }


async def test_a_session_cannot_write(database: ReadDatabase) -> None:
    async with database.session() as session:
        with pytest.raises(DBAPIError, match="permission denied"):
            await session.execute(insert(Thread).values(a_thread()))
        session.add(Thread(**a_thread()))
        with pytest.raises(DBAPIError, match="permission denied"):
            await session.flush()
    async with database.session() as session:
        assert await session.scalar(select(func.count(Thread.id))) == 0


async def test_nor_when_it_switches_read_only_off(database: ReadDatabase) -> None:
    async with database.session() as session:
        await session.execute(text("SET default_transaction_read_only = off"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(insert(Thread).values(a_thread()))
        await session.execute(text("SET default_transaction_read_only = on"))


async def test_many_open_sessions_share_two_connections(
    tables: Tables, database: ReadDatabase
) -> None:
    log = Log()
    Story(log).start(title="Trip")
    await tables.apply(log.events)
    async with AsyncExitStack() as stack:
        sessions = [await stack.enter_async_context(database.session()) for _ in range(50)]
        found = await asyncio.gather(*(session.scalars(select(Thread)) for session in sessions))
        assert [row.title for rows in found for row in rows] == ["Trip"] * 50
        again = await asyncio.gather(
            *(session.get(Thread, log.events[0].stream_id) for session in sessions)
        )
        assert all(row is not None and row.metadata_ == {} for row in again)
        with pytest.raises(ProgrammingError):
            await sessions[0].execute(text("SELECT nonsense"))
        assert await sessions[1].scalar(select(func.count(Thread.id))) == 1


async def test_a_position_is_waited_for(tables: Tables, database: ReadDatabase) -> None:
    log = Log()
    story = Story(log).start()
    assert not await database.wait_for_position(1, timeout_seconds=0)
    waiting = [
        asyncio.create_task(database.wait_for_position(position, timeout_seconds=20))
        for position in (1, 2, 3)
    ]
    await tables.apply(log.events)
    assert await waiting[0]
    assert not waiting[2].done()
    story.ask("Hello")
    await tables.apply(log.events)
    assert await asyncio.gather(*waiting) == [True, True, True]
    assert await database.wait_for_position(4, timeout_seconds=0)
    assert not await database.wait_for_position(5, timeout_seconds=0.05)


async def test_tables_that_no_projector_has_made_are_unavailable(
    postgres: EmbeddedPostgres,
) -> None:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    database = ReadDatabase(url)
    assert await database.checkpoint() is None
    async with database.session() as session:
        with pytest.raises(ReadTablesUnavailable, match="does not exist"):
            await session.scalars(select(Thread))
    await database.close()


async def test_a_server_that_is_away_is_told_apart_from_a_wrong_query(
    database: ReadDatabase,
) -> None:
    nowhere = ReadDatabase("postgresql://threadlog@/threadlog?host=/nowhere")
    with pytest.raises(ReadTablesUnavailable):
        await nowhere.checkpoint()
    async with database.session() as session:
        with pytest.raises(ProgrammingError):
            await session.execute(text("SELECT nonsense"))
        with pytest.raises(ReadTablesUnavailable):
            await session.execute(text("SELECT pg_sleep(60)"))
        assert await session.scalar(text("SELECT 1")) == 1


async def test_connections_that_the_server_closed_are_made_anew(
    postgres: EmbeddedPostgres, database: ReadDatabase
) -> None:
    async with database.session() as session:
        victim = await session.scalar(text("SELECT pg_backend_pid()"))
        async with connected(postgres.owner_url) as superuser:
            await superuser.execute("SELECT pg_terminate_backend($1, 5000)", victim)
        assert await session.scalar(text("SELECT pg_backend_pid()")) != victim
