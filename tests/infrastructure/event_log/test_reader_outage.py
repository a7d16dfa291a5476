"""Reads of a log whose server is frozen, gone, full or slow: an answer in time, never a hang."""

import asyncio
import time

import asyncpg
import pytest

from application.ports import LogUnavailable
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import LogReader
from infrastructure.event_log.connection import connected
from tests.infrastructure.event_log.appending import until_somebody_waits
from tests.infrastructure.event_log.databases import LogDatabase, empty_log
from tests.infrastructure.event_log.freeze import frozen


async def test_a_frozen_server_is_unavailable_within_three_seconds(
    own_postgres: EmbeddedPostgres,
) -> None:
    database = await empty_log(own_postgres)
    async with LogReader(database.url, connections=2) as reader:
        assert await reader.last_position() == 0
        async with frozen(own_postgres):
            begin = time.monotonic()
            answers = await asyncio.gather(
                *(reader.last_position() for _ in range(6)), return_exceptions=True
            )
            assert time.monotonic() - begin < 3.5
            assert [type(answer) for answer in answers] == [LogUnavailable] * 6
        assert await reader.last_position() == 0


async def test_a_stopped_server_is_unavailable_and_a_restarted_one_answers_again(
    own_postgres: EmbeddedPostgres,
) -> None:
    database = await empty_log(own_postgres)
    async with LogReader(database.url) as reader:
        assert await reader.last_position() == 0
        assert own_postgres.stop(wait_seconds=20)
        with pytest.raises(LogUnavailable):
            await reader.last_position()
        reading = asyncio.create_task(reader.last_position())
        await asyncio.to_thread(own_postgres.start)
        assert await reading == 0


async def test_connections_that_the_server_has_closed_are_not_noticed_by_readers(
    database: LogDatabase,
) -> None:
    async with LogReader(database.url) as reader, connected(database.owner_url) as superuser:
        await asyncio.gather(*(reader.last_position() for _ in range(5)))
        await superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert await asyncio.gather(*(reader.last_position() for _ in range(5))) == [0] * 5


async def test_a_reader_who_gives_up_gives_its_connection_back(database: LogDatabase) -> None:
    async with LogReader(database.url, connections=1) as reader:
        async with connected(database.owner_url) as superuser, superuser.transaction():
            await superuser.execute("LOCK TABLE threadlog.chat_events")
            reading = asyncio.create_task(reader.last_position())
            await until_somebody_waits(superuser)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
        assert await reader.last_position() == 0


async def test_a_server_without_a_free_connection_is_unavailable(
    own_postgres: EmbeddedPostgres,
) -> None:
    database = await empty_log(own_postgres)
    async with connected(own_postgres.owner_url) as superuser:
        await superuser.execute("ALTER ROLE threadlog CONNECTION LIMIT 0")
        async with LogReader(database.url, timeout_seconds=0.3) as reader:
            try:
                with pytest.raises(LogUnavailable):
                    await reader.last_position()
            finally:
                await superuser.execute("ALTER ROLE threadlog CONNECTION LIMIT -1")
            assert await reader.last_position() == 0


async def test_wrong_arguments_are_no_outage(reader: LogReader) -> None:
    with pytest.raises(asyncpg.DataError, match="int64"):
        await reader.read_after(2**63, limit=1)
