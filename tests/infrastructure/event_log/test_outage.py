"""The server freezes, stops or dies: sources go on, and nothing is lost or written twice."""

import asyncio
import os
import signal
import time
from uuid import uuid4

import pytest

from application.ports import LogUnavailable, OutcomeUnknown
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import GroupCommitWriter, LogReader
from infrastructure.event_log.connection import connected
from tests.infrastructure.event_log.appending import Typing, assert_sound, until, writer
from tests.infrastructure.event_log.databases import LogDatabase, empty_log
from tests.infrastructure.event_log.events import raw
from tests.infrastructure.event_log.freeze import frozen, postmaster

STREAMS, EVENTS = 10, 60


async def typing(log: GroupCommitWriter) -> list[Typing]:
    """Some sources that have begun and are far from their end."""
    sources = [Typing(log, events=EVENTS) for _ in range(STREAMS)]
    for source in sources:
        log.attach(source)
    log.wake()

    async def begun() -> bool:
        return all(source.version > 2 for source in sources)

    await until(begun)
    assert not any(source.done.is_set() for source in sources)
    return sources


async def assert_all_written_once(database: LogDatabase, sources: list[Typing]) -> None:
    await asyncio.wait_for(asyncio.gather(*(s.done.wait() for s in sources)), 30)
    assert [source.refusals for source in sources] == [[]] * STREAMS
    async with LogReader(database.url) as reader:
        entries = await assert_sound(reader)
    texts = [e.state.decode() for e in entries]
    assert len(texts) == len(set(texts))
    for source in sources:
        mine = [text for text in texts if text.startswith(str(source.stream_id))]
        assert mine == [f"{source.stream_id}.{n}" for n in range(1, EVENTS + 1)]


async def refused_in_time(log: GroupCommitWriter) -> None:
    """Commands are told within their time: the first may have been on its way, the next is not."""
    begin = time.monotonic()
    with pytest.raises((LogUnavailable, OutcomeUnknown)):
        await log.append(raw(uuid4(), 0), wait_seconds=0.3)
    with pytest.raises(LogUnavailable):
        await log.append(raw(uuid4(), 0), wait_seconds=0.3)
    assert time.monotonic() - begin < 1.5


async def test_a_frozen_server(own_postgres: EmbeddedPostgres) -> None:
    database = await empty_log(own_postgres)
    async with writer(database.url, call_timeout_seconds=0.5) as log:
        sources = await typing(log)
        async with frozen(own_postgres):
            await asyncio.sleep(1.2)  # longer than a call's time-out and a new connection's
            await refused_in_time(log)
        await assert_all_written_once(database, sources)


async def test_a_restarted_server(own_postgres: EmbeddedPostgres) -> None:
    database = await empty_log(own_postgres)
    async with writer(database.url) as log:
        sources = await typing(log)
        assert await asyncio.to_thread(own_postgres.stop, wait_seconds=20)
        await refused_in_time(log)
        await asyncio.to_thread(own_postgres.start)
        await assert_all_written_once(database, sources)


async def test_a_killed_server(own_postgres: EmbeddedPostgres) -> None:
    database = await empty_log(own_postgres)
    async with writer(database.url) as log:
        sources = await typing(log)
        os.kill(postmaster(own_postgres), signal.SIGKILL)
        await asyncio.to_thread(own_postgres.start)
        await assert_all_written_once(database, sources)


async def test_a_server_that_takes_no_writes_for_a_while(own_postgres: EmbeddedPostgres) -> None:
    """As a standby does before it is promoted, or a full disk's owner may order."""
    database = await empty_log(own_postgres)
    async with writer(database.url) as log, connected(database.owner_url) as superuser:
        sources = await typing(log)
        await superuser.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await superuser.execute("SELECT pg_reload_conf()")
        try:
            await until_refused(log)
        finally:
            await superuser.execute("ALTER SYSTEM RESET default_transaction_read_only")
            await superuser.execute("SELECT pg_reload_conf()")
        await assert_all_written_once(database, sources)


async def until_refused(log: GroupCommitWriter) -> None:
    """A command is told that nothing was written, once the setting has reached the back end."""

    async def refused() -> bool:
        try:
            await log.append(raw(uuid4(), 0, str(uuid4())), wait_seconds=0.3)
        except LogUnavailable:
            return True
        except OutcomeUnknown:
            pass  # it was just being tried
        return False

    await until(refused)
