"""How long a command waits, and what it is told when it waits no longer."""

import asyncio
from uuid import uuid4

import pytest

from application.ports import LogUnavailable, OutcomeUnknown
from infrastructure.event_log import GroupCommitWriter, LogReader
from tests.infrastructure.event_log.appending import (
    Typing,
    assert_sound,
    held,
    outcome,
    queued,
    until_somebody_waits,
    writer,
)
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import raw


async def test_a_command_that_is_still_queued_is_taken_out(
    database: LogDatabase, log: GroupCommitWriter, reader: LogReader
) -> None:
    async with held(database) as superuser:
        under_way = asyncio.create_task(log.append(raw(uuid4(), 0, "under way")))
        await until_somebody_waits(superuser)
        stream = uuid4()
        queued_one = log.append(raw(stream, 0, "queued"), wait_seconds=0.1)
        behind = log.append(raw(stream, 1, "behind"))
        answers = await asyncio.gather(queued_one, behind, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LogUnavailable] * 2
    await under_way
    await log.append(raw(uuid4(), 0, "later"))
    assert [e.state for e in await assert_sound(reader)] == [b"under way", b"later"]


async def test_a_command_that_is_under_way_has_an_unknown_outcome(
    database: LogDatabase, log: GroupCommitWriter, reader: LogReader
) -> None:
    stream = uuid4()
    async with held(database):
        with pytest.raises(OutcomeUnknown):
            await log.append(raw(stream, 0, "under way"), wait_seconds=0.1)
    assert await outcome(log, raw(stream, 0, "the same again")) == {stream: 1}


async def test_a_caller_who_leaves_takes_his_queued_append_along(
    database: LogDatabase, log: GroupCommitWriter, reader: LogReader
) -> None:
    async with held(database) as superuser:
        staying = asyncio.create_task(log.append(raw(uuid4(), 0, "staying")))
        await until_somebody_waits(superuser)
        leaving = asyncio.create_task(log.append(raw(uuid4(), 0, "leaving")))
        await queued(leaving)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
    await staying
    await log.append(raw(uuid4(), 0, "later"))
    assert [e.state for e in await assert_sound(reader)] == [b"staying", b"later"]


async def test_closing_writes_what_is_queued_and_takes_nothing_more(
    database: LogDatabase, reader: LogReader
) -> None:
    log = writer(database.url)
    async with log:
        tasks = [asyncio.create_task(log.append(raw(uuid4(), 0))) for _ in range(20)]
        await queued(*tasks)
    await asyncio.gather(*tasks)
    with pytest.raises(LogUnavailable):
        await log.append(raw(uuid4(), 0))
    assert len(await assert_sound(reader)) == 20


async def test_closing_asks_the_sources_a_last_time(database: LogDatabase) -> None:
    log = writer(database.url)
    async with log:
        async with held(database) as superuser:
            under_way = asyncio.create_task(log.append(raw(uuid4(), 0)))
            await until_somebody_waits(superuser)
            source = Typing(log, events=1)
            log.attach(source)
            log.wake(within_seconds=60)
            closing = asyncio.create_task(log.close())
            await queued(under_way, closing)
        await closing
    assert source.done.is_set()


async def test_closing_does_not_wait_for_ever(database: LogDatabase) -> None:
    async with held(database) as superuser:
        log = writer(database.url)
        await log.__aenter__()
        under_way = asyncio.create_task(log.append(raw(uuid4(), 0)))
        await until_somebody_waits(superuser)
        waiting = asyncio.create_task(log.append(raw(uuid4(), 0)))
        await queued(waiting)
        await asyncio.wait_for(log.close(within_seconds=0.1), 5)
        answers = await asyncio.gather(under_way, waiting, return_exceptions=True)
        assert [type(answer) for answer in answers] == [OutcomeUnknown, LogUnavailable]
