"""What analysts hold or ask for ends in time, and appends never wait for them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from infrastructure.analysts import AnalystWatch
from infrastructure.event_log.connection import Connection, connected, is_lost
from infrastructure.projecting.analyst_views import try_publish
from infrastructure.projecting.swapping import rebuild
from infrastructure.tasks import end
from projections.analytics import VIEWS
from projections.record import RECORD
from tests.infrastructure.analysts.house import House
from tests.infrastructure.event_log.appending import until, writer
from tests.infrastructure.event_log.events import raw

PATIENCE_SECONDS = 20
JOIN = "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 100000) b"
STUBBORN = """
DO $$ BEGIN
    LOOP
        BEGIN PERFORM pg_sleep(1); EXCEPTION WHEN query_canceled THEN NULL; END;
    END LOOP;
END $$
"""


QUEUE_SHARE = 5e-5  # of more than a million pages
FLOOD = """
DO $$ BEGIN
    FOR i IN 1..100 LOOP EXECUTE format('NOTIFY x, %L', i || repeat('a', 7900)); END LOOP;
END $$
"""


@asynccontextmanager
async def watched(house: House, **limits: float) -> AsyncGenerator[None]:
    """Looked after all the time."""
    watch = AnalystWatch(house.url, look_seconds=0.05, **limits)
    watching = asyncio.create_task(watch.run())
    yield
    assert not watching.done()
    await end({watching})


async def ended(asking: Awaitable[Any]) -> bool:
    """The server closes the session."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            await asking
        except Exception as error:  # noqa: BLE001
            return is_lost(error)
    return False


@pytest.fixture
async def free_analyst(house: House, analyst_url: str) -> AsyncGenerator[Connection]:
    """Has lifted all limits of the login."""
    async with connected(analyst_url) as analyst:
        for limit in ("statement", "idle_in_transaction_session"):
            await analyst.execute(f"SET {limit}_timeout = 0")
        yield analyst


@pytest.mark.parametrize("statement", [JOIN, STUBBORN], ids=["a long join", "one that catches"])
async def test_a_statement_ends_in_time_whatever_its_session_has_set(
    house: House, free_analyst: Connection, statement: str
) -> None:
    async with watched(house, statement_seconds=0.3):
        assert await ended(free_analyst.execute(statement))


async def test_the_login_itself_ends_a_statement_after_a_minute(analyst_url: str) -> None:
    async with connected(analyst_url) as analyst:
        assert await analyst.fetchval("SHOW statement_timeout") == "1min"
        await analyst.execute("SET statement_timeout = '100ms'")
        with pytest.raises(asyncpg.QueryCanceledError):
            await analyst.execute("SELECT pg_sleep(60)")


async def test_an_idle_transaction_ends_in_time(house: House, free_analyst: Connection) -> None:
    await free_analyst.execute("BEGIN")
    await free_analyst.execute("SELECT * FROM threads")
    async with watched(house, idle_seconds=0.3):
        await until(lambda: _closed(free_analyst))


async def test_a_transaction_that_is_never_idle_ends_in_time(
    house: House, free_analyst: Connection
) -> None:
    async def ask_on_and_on() -> None:
        await free_analyst.execute("BEGIN")
        while True:
            await free_analyst.execute("SELECT 1")

    async with watched(house, transaction_seconds=0.3):
        assert await ended(ask_on_and_on())


async def test_nobody_holds_an_advisory_lock_where_it_could_not_be_forbidden(
    own_house: House,
) -> None:
    url = await own_house.new_analyst()
    async with connected(own_house.owner_url) as owner, connected(url) as analyst:
        await owner.execute("GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC")
        await analyst.execute("SELECT pg_advisory_lock(1)")
        async with watched(own_house):
            await until(lambda: _closed(analyst))


async def test_nobody_lets_notifications_pile_up_until_appends_find_no_room(
    house: House, free_analyst: Connection, analyst_url: str
) -> None:
    await free_analyst.execute("LISTEN x")
    await free_analyst.execute("BEGIN; SELECT 1")  # nothing reaches it, so nothing goes away
    async with connected(analyst_url) as analyst:
        await analyst.execute(FLOOD)
        assert await analyst.fetchval("SELECT pg_notification_queue_usage()") > QUEUE_SHARE
        async with watched(house, queue_share=QUEUE_SHARE):
            await until(lambda: _closed(free_analyst))
            await until(lambda: _closed(analyst))


async def test_what_others_do_takes_its_time(house: House, free_analyst: Connection) -> None:
    async with (
        watched(house, statement_seconds=0.1, idle_seconds=0.1, transaction_seconds=0.1),
        connected(house.owner_url) as owner,
        connected(house.url, role="threadlog_runtime") as runtime,
    ):
        assert await ended(free_analyst.execute(JOIN))
        both = (owner.execute("SELECT pg_sleep(0.5)"), runtime.execute("SELECT pg_sleep(0.5)"))
        assert await asyncio.gather(*both) == ["SELECT 1", "SELECT 1"]


async def test_appends_go_on_whatever_an_analyst_locks(
    house: House, free_analyst: Connection
) -> None:
    await free_analyst.execute("BEGIN; SET transaction_read_only = off; LISTEN chat_events")
    for view in VIEWS:
        if view != "message_texts":
            await free_analyst.execute(f"LOCK TABLE {view} IN ACCESS SHARE MODE")
            await free_analyst.execute(f"SELECT * FROM {view}")
    async with writer(house.url, call_timeout_seconds=3.0) as log, asyncio.timeout(10):
        for _ in range(20):
            await log.append(raw(uuid4(), 0))
    assert await free_analyst.fetchval("SELECT count(*) FROM threads")


async def test_new_views_come_though_an_analyst_holds_the_old_ones(own_house: House) -> None:
    engine, url = own_house.record.engine, await own_house.new_analyst()
    async with connected(own_house.owner_url) as owner, connected(url) as analyst:
        await analyst.execute("BEGIN; LOCK TABLE completions IN ACCESS SHARE MODE")
        await owner.execute("DROP VIEW analytics.threads")
        assert not await try_publish(engine)
        async with watched(own_house, idle_seconds=0.3):
            await until(lambda: try_publish(engine))
    async with connected(url) as analyst:
        assert await analyst.fetch("SELECT * FROM threads") == []


async def test_a_read_model_is_swapped_though_an_analyst_holds_its_views(
    own_house: House,
) -> None:
    url = await own_house.new_analyst()
    async with connected(url) as analyst:
        await analyst.execute("BEGIN; LOCK TABLE completions IN ACCESS SHARE MODE")
        async with watched(own_house, idle_seconds=0.5), asyncio.timeout(PATIENCE_SECONDS):
            assert await rebuild(own_house.url, RECORD, actor="system") == 0
    async with connected(url) as analyst:
        assert await analyst.fetch("SELECT * FROM completions") == []


async def _closed(connection: Connection) -> bool:
    return connection.is_closed()
