"""A connection breaks around a commit: every event is written once, and its caller is told."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import uuid4

import pytest

from application.ports import OutcomeUnknown, StreamConflict
from infrastructure.event_log import LogReader
from infrastructure.event_log.connection import connected
from tests.faults.links import link_to, lose, through
from tests.faults.proxy import POSTGRES_READY, FaultProxy
from tests.infrastructure.event_log.appending import (
    TURN,
    Commits,
    Typing,
    assert_sound,
    held,
    until,
    writer,
)
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import CANCEL, raw


@pytest.fixture
async def link(any_database: LogDatabase) -> AsyncIterator[FaultProxy]:
    async with link_to(any_database.url) as link:
        yield link


@pytest.fixture
def far(any_database: LogDatabase, link: FaultProxy) -> str:
    """The database's URL over the link."""
    return through(link, any_database.url)


@pytest.fixture
async def reader(any_database: LogDatabase) -> AsyncIterator[LogReader]:
    async with LogReader(any_database.url) as reader:
        yield reader


@pytest.mark.parametrize("part", ["request", "answer"])
async def test_an_append_is_written_once_and_answered(
    link: FaultProxy, far: str, reader: LogReader, part: str
) -> None:
    thread, stream, other = uuid4(), uuid4(), uuid4()
    commits = Commits()
    async with writer(far, commits) as log:
        await log.append(raw(stream, 0, "first", thread_id=thread))
        lose(link, part, marker="second")
        appended, cancel, zombie = await asyncio.gather(
            log.append(raw(stream, 1, "second", thread_id=thread), raw(other, 0, "new", "newer")),
            log.append(raw(stream, None, "by someone", topic=CANCEL, thread_id=thread)),
            log.append(raw(stream, 1, "foreign", thread_id=thread)),
            return_exceptions=True,
        )
    assert link.resets == 1
    assert not isinstance(appended, BaseException)
    assert not isinstance(cancel, BaseException)
    assert [(e.position, e.originator_version, e.previous) for e in appended] == [
        (2, 2, 1),
        (3, 1, None),
        (4, 2, None),
    ]
    assert [(e.position, e.originator_version, e.previous) for e in cancel] == [(5, 3, 2)]
    assert isinstance(zombie, StreamConflict)
    assert [(e.position, e.state) for e in await assert_sound(reader)] == [
        (e.position, e.state) for e in commits.entries
    ]


async def test_a_request_to_cancel_whose_answer_is_lost_is_not_repeated(
    link: FaultProxy, far: str, reader: LogReader
) -> None:
    stream = uuid4()
    async with writer(far) as log:
        await log.append(raw(stream, 0, "first"))
        link.lose_answer(b"by someone", answer=POSTGRES_READY)
        [entry] = await log.append(raw(stream, None, "by someone", topic=CANCEL))
    assert (link.resets, entry.position, entry.originator_version) == (1, 2, 2)
    assert [e.state for e in await assert_sound(reader)] == [b"first", b"by someone"]


async def test_a_lost_call_that_is_committed_only_after_it_was_sent_again(
    any_database: LogDatabase, link: FaultProxy, far: str, reader: LogReader
) -> None:
    stream, other = uuid4(), uuid4()
    async with writer(far) as log, held(any_database) as superuser:
        link.abandon(b"early bird")
        first = asyncio.create_task(log.append(raw(stream, 0, "early bird")))

        async def waits_twice() -> bool:
            return await superuser.fetchval("SELECT count(*) = 2 FROM pg_locks WHERE NOT granted")

        await until(waits_twice)
        behind = asyncio.create_task(log.append(raw(stream, 1, "second"), raw(other, 0, "third")))
        await superuser.execute("COMMIT")
        assert [e.position for e in await first] == [1]
        assert [e.position for e in await behind] == [2, 3]
        await superuser.execute(f"BEGIN; {TURN}")
    assert [e.state for e in await assert_sound(reader)] == [b"early bird", b"second", b"third"]


@pytest.mark.parametrize("turns", range(4))
async def test_a_connection_that_the_server_closed_a_moment_ago(
    any_database: LogDatabase, reader: LogReader, turns: int
) -> None:
    """In some turn of the event loop asyncpg has read the server's last words but not its end."""
    async with (
        writer(any_database.url) as log,
        connected(any_database.owner_url) as superuser,
    ):
        await log.append(raw(uuid4(), 0, "before"))
        back_end = await superuser.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE query LIKE '%chat_events_append%'"
            " AND pid <> pg_backend_pid()"
        )
        os.kill(back_end, signal.SIGTERM)
        wait_for_its_end(back_end)
        for _ in range(turns):
            await asyncio.sleep(0)
        await log.append(raw(uuid4(), 0, "after"))
    assert [e.state for e in await assert_sound(reader)] == [b"before", b"after"]


def wait_for_its_end(pid: int) -> None:
    """Without the event loop, which must not hear of it."""
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            time.sleep(0.005)


@pytest.mark.parametrize("part", ["request", "answer"])
async def test_a_source_is_told_of_its_commit(
    link: FaultProxy, far: str, reader: LogReader, part: str
) -> None:
    async with writer(far) as log:
        source = Typing(log, events=5)
        lose(link, part, marker=f"{source.stream_id}.3")
        log.attach(source)
        log.wake()
        await asyncio.wait_for(source.done.wait(), 10)
    assert (link.resets, source.version, source.refusals) == (1, 5, [])
    assert [e.state.decode() for e in await reader.read_stream(source.stream_id)] == [
        f"{source.stream_id}.{n}" for n in range(1, 6)
    ]


async def test_somebody_elses_event_in_the_lost_ones_place_is_a_conflict(
    any_database: LogDatabase, link: FaultProxy, far: str, reader: LogReader
) -> None:
    stream = uuid4()
    async with writer(any_database.url) as rival, writer(far) as log:
        await log.append(raw(stream, 0, "first"))
        link.lose(b"ours")
        ours = asyncio.create_task(log.append(raw(stream, 1, "ours")))

        async def is_cut() -> bool:
            return link.resets == 1

        await until(is_cut)
        await rival.append(raw(stream, 1, "theirs"))
        with pytest.raises(StreamConflict):
            await ours
    assert [e.state for e in await reader.read_stream(stream)] == [b"first", b"theirs"]


async def test_a_command_whose_answer_is_lost_for_long_is_unknown_and_still_written_once(
    any_database: LogDatabase, link: FaultProxy, far: str, reader: LogReader
) -> None:
    stream = uuid4()
    async with writer(far) as log:
        await log.append(raw(uuid4(), 0, "before"))
        link.lose_answer(b"ours", answer=POSTGRES_READY)
        with pytest.raises(OutcomeUnknown):
            await log.append(raw(stream, 0, "ours"), wait_seconds=0.03)  # less than the first pause
        await log.append(raw(uuid4(), 0, "later"))
    assert [e.state for e in await assert_sound(reader)] == [b"before", b"ours", b"later"]


async def test_a_back_end_killed_five_times_under_fifty_streams_loses_and_doubles_nothing(
    any_database: LogDatabase, reader: LogReader
) -> None:
    async with (
        writer(any_database.url) as log,
        connected(any_database.owner_url) as superuser,
    ):
        sources = [Typing(log, events=40) for _ in range(50)]
        for source in sources:
            log.attach(source)
        log.wake()
        for number in range(5):

            async def has_gone_on(number: int = number) -> bool:
                return sum(source.version for source in sources) > number * 300

            await until(has_gone_on)
            assert await superuser.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE query LIKE '%chat_events_append%' AND pid <> pg_backend_pid()"
            )
        assert not any(source.done.is_set() for source in sources)
        await asyncio.wait_for(asyncio.gather(*(s.done.wait() for s in sources)), 30)
    assert [source.refusals for source in sources] == [[]] * 50
    entries = await assert_sound(reader)
    assert len(entries) == len({entry.state for entry in entries}) == 50 * 40
