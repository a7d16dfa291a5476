"""What the group-commit writer promises to those who share it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from application.ports import LogUnavailable, OutcomeUnknown, StreamConflict
from infrastructure.event_log import GroupCommitWriter, LogEntry, LogReader
from infrastructure.event_log.batch import NewEvents
from tests.infrastructure.event_log.appending import (
    Commits,
    Typing,
    assert_sound,
    held,
    until_somebody_waits,
    writer,
)
from tests.infrastructure.event_log.conftest import LogDatabase
from tests.infrastructure.event_log.events import CANCEL, FINISHED, raw


@pytest.fixture
async def reader(database: LogDatabase) -> AsyncIterator[LogReader]:
    async with LogReader(database.url) as reader:
        yield reader


@pytest.fixture
def commits() -> Commits:
    return Commits()


@pytest.fixture
async def log(database: LogDatabase, commits: Commits) -> AsyncIterator[GroupCommitWriter]:
    async with writer(database.url, commits) as log:
        yield log


async def outcome(log: GroupCommitWriter, *appends: NewEvents) -> dict[UUID, int] | None:
    """None: written; else where the streams of the conflict stand."""
    try:
        await log.append(*appends)
    except StreamConflict as conflict:
        return conflict.streams
    return None


async def queued(*tasks: asyncio.Task[Any]) -> None:
    """Let these tasks run until they wait for the writer."""
    await asyncio.sleep(0)
    assert not any(task.done() for task in tasks)


async def test_what_comes_together_is_one_commit(log: GroupCommitWriter, commits: Commits) -> None:
    answers = await asyncio.gather(*(log.append(raw(uuid4(), 0, str(n))) for n in range(100)))
    assert [len(batch) for batch in commits.batches] == [100]
    assert [answer[0].position for answer in answers] == list(range(1, 101))


async def test_a_batch_holds_no_more_than_its_bound_and_commands_keep_their_order(
    database: LogDatabase, commits: Commits
) -> None:
    stream = uuid4()
    async with writer(database.url, commits, max_events=10) as log:
        await asyncio.gather(*(log.append(raw(stream, n, str(n))) for n in range(25)))
        assert [len(batch) for batch in commits.batches] == [10, 10, 5]
        assert [entry.state for entry in commits.entries] == [str(n).encode() for n in range(25)]
        assert len(await log.append(raw(uuid4(), 0, *"abcdefghijklmn"))) == 14  # alone, but whole


async def test_large_events_are_not_sent_together(log: GroupCommitWriter, commits: Commits) -> None:
    large = "x" * (5 << 20)
    await asyncio.gather(log.append(raw(uuid4(), 0, large)), log.append(raw(uuid4(), 0, large)))
    assert [len(batch) for batch in commits.batches] == [1, 1]


async def test_a_conflict_fails_only_the_zombie(log: GroupCommitWriter, reader: LogReader) -> None:
    streams = [uuid4() for _ in range(100)]
    await asyncio.gather(*(log.append(raw(s, 0)) for s in streams))
    found = await asyncio.gather(
        *(outcome(log, raw(s, 5 if n % 33 == 0 else 1)) for n, s in enumerate(streams))
    )
    assert {n: f for n, f in enumerate(found) if f} == {n: {streams[n]: 1} for n in (0, 33, 66, 99)}
    assert len(await assert_sound(reader)) == 196


async def test_an_append_over_two_streams_is_written_whole_or_not_at_all(
    log: GroupCommitWriter, reader: LogReader
) -> None:
    thread, completion = uuid4(), uuid4()
    await log.append(raw(thread, 0))
    assert await outcome(log, raw(completion, 0), raw(thread, 7)) == {thread: 1}
    assert await reader.read_stream(completion) == []
    written = await log.append(raw(completion, 0), raw(thread, 1))
    assert [(e.originator_id, e.position) for e in written] == [(completion, 2), (thread, 3)]


async def test_what_builds_on_a_refused_append_is_refused_even_if_its_version_fits(
    log: GroupCommitWriter, reader: LogReader
) -> None:
    stream = uuid4()
    await log.append(raw(stream, 0), raw(stream, 1, "somebody else's"))
    assert await asyncio.gather(
        outcome(log, raw(stream, 1, "mine")), outcome(log, raw(stream, 2, "built on mine"))
    ) == [{stream: 2}, {stream: 2}]
    assert len(await reader.read_stream(stream)) == 2


async def test_that_holds_when_it_came_while_the_refused_one_was_under_way(
    database: LogDatabase, log: GroupCommitWriter, reader: LogReader
) -> None:
    stream, other = uuid4(), uuid4()
    await log.append(raw(stream, 0), raw(stream, 1, "somebody else's"))
    async with held(database) as superuser:
        first = asyncio.create_task(outcome(log, raw(stream, 1, "mine")))
        await until_somebody_waits(superuser)
        behind = asyncio.create_task(outcome(log, raw(stream, 2, "on mine"), raw(other, 0, "too")))
        third = asyncio.create_task(outcome(log, raw(other, 1, "on that")))
        free = asyncio.create_task(outcome(log, raw(uuid4(), 0, "free")))
        await queued(first, behind, third, free)
    assert await asyncio.gather(first, behind) == [{stream: 2}, {stream: 2}]
    assert await third is not None
    assert await free is None
    assert [e.state for e in await assert_sound(reader)][2:] == [b"free"]


async def test_a_cancel_behind_a_zombies_event_is_written(
    log: GroupCommitWriter, reader: LogReader
) -> None:
    stream = uuid4()
    await log.append(raw(stream, 0, "1", "2"))
    assert await asyncio.gather(
        outcome(log, raw(stream, 1, "zombie")), outcome(log, raw(stream, None, topic=CANCEL))
    ) == [{stream: 2}, None]
    assert [e.topic for e in await reader.read_stream(stream)][2:] == [CANCEL]


async def test_what_does_not_continue_the_batch_waits_for_the_next_and_is_not_overtaken(
    log: GroupCommitWriter, commits: Commits
) -> None:
    stream = uuid4()
    await log.append(raw(stream, 0, "0"))
    await asyncio.gather(
        log.append(raw(stream, None, "1")),
        log.append(raw(stream, 2, "2")),  # whether it continues is not known before 1 is written
        log.append(raw(stream, None, "3")),
        log.append(raw(uuid4(), 0, "elsewhere")),
    )
    assert commits.texts == [[b"0"], [b"1", b"elsewhere"], [b"2", b"3"]]


async def test_a_cancel_that_comes_with_the_end_does_not_follow_it(
    log: GroupCommitWriter, commits: Commits, reader: LogReader
) -> None:
    stream = uuid4()
    await log.append(raw(stream, 0))
    assert await asyncio.gather(
        outcome(log, raw(stream, 1, topic=FINISHED)),
        outcome(log, raw(stream, None, topic=CANCEL)),
        outcome(log, raw(stream, 2)),
        outcome(log, raw(uuid4(), 0)),
    ) == [None, {stream: 2}, {stream: 2}, None]
    assert [len(batch) for batch in commits.batches] == [1, 2]
    await assert_sound(reader)


async def test_an_event_that_cannot_be_stored_fails_alone(
    log: GroupCommitWriter, reader: LogReader
) -> None:
    stream = uuid4()
    good = [asyncio.create_task(log.append(raw(uuid4(), 0))) for _ in range(3)]
    bad = asyncio.create_task(log.append(raw(stream, 0, topic="nul\0")))
    behind = asyncio.create_task(log.append(raw(stream, 1)))
    more = [asyncio.create_task(log.append(raw(uuid4(), 0))) for _ in range(3)]
    await asyncio.gather(*good, *more)
    for failed in (bad, behind):
        with pytest.raises(asyncpg.PostgresError, match="0x00"):
            await failed
    assert len(await assert_sound(reader)) == 6


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


async def test_a_commit_takes_along_what_every_source_has(
    log: GroupCommitWriter, commits: Commits
) -> None:
    await log.append(raw(uuid4(), 0))
    sources = [Typing(log, events=2, at_once=2) for _ in range(50)]
    for source in sources:
        log.attach(source)
    log.wake(within_seconds=60)
    await log.append(raw(uuid4(), 0, "a command does not wait for the timer"))
    assert [len(batch) for batch in commits.batches] == [1, 101]
    assert all(source.done.is_set() for source in sources)


async def test_the_timer_only_moves_earlier(log: GroupCommitWriter, commits: Commits) -> None:
    await log.append(raw(uuid4(), 0))
    source = Typing(log, events=1)
    log.attach(source)
    log.wake(within_seconds=0.02)
    log.wake(within_seconds=60)
    await asyncio.wait_for(source.done.wait(), 5)
    assert [len(batch) for batch in commits.batches] == [1, 1]


class Quiet(Typing):
    """Never wakes the writer: it was woken when its first event was still waiting."""

    def committed(self, entries: Sequence[LogEntry]) -> None:
        self.version = entries[-1].originator_version
        if self.version == 2:
            self.done.set()


async def test_a_source_that_was_passed_over_is_asked_once_it_is_answered(
    database: LogDatabase,
) -> None:
    async with writer(database.url, max_events=1) as log:
        await log.append(raw(uuid4(), 0))
        source = Quiet(log, events=2)
        log.attach(source)
        await asyncio.gather(*(log.append(raw(uuid4(), 0)) for _ in range(3)))
        await asyncio.wait_for(source.done.wait(), 5)


async def test_a_source_is_not_asked_before_it_is_answered_and_is_then_not_forgotten(
    database: LogDatabase, log: GroupCommitWriter
) -> None:
    source = Typing(log, events=3)
    log.attach(source)
    async with held(database) as superuser:
        log.wake()
        await until_somebody_waits(superuser)
        for _ in range(3):
            log.wake()
            await asyncio.sleep(0)
        assert source.asked == 1
    await asyncio.wait_for(source.done.wait(), 5)
    assert source.version == 3


async def test_no_source_starves_however_many_there_are(
    database: LogDatabase, commits: Commits
) -> None:
    async with writer(database.url, commits, max_events=7) as log:
        sources = [Typing(log, events=20) for _ in range(30)]
        for source in sources:
            log.attach(source)
        log.wake()
        command = await asyncio.wait_for(log.append(raw(uuid4(), 0)), 5)
        assert command[0].position <= 40  # it stood behind at most one event of each source
        await asyncio.wait_for(asyncio.gather(*(s.done.wait() for s in sources)), 20)
    halfway = commits.entries[: len(commits.entries) // 2]
    shares = [sum(e.originator_id == s.stream_id for e in halfway) for s in sources]
    assert max(shares) - min(shares) <= 1


async def test_a_detached_source_is_answered_but_not_asked(
    database: LogDatabase, log: GroupCommitWriter
) -> None:
    source = Typing(log, events=5)
    log.attach(source)
    async with held(database) as superuser:
        log.wake()
        await until_somebody_waits(superuser)
        log.detach(source)
    await log.append(raw(uuid4(), 0))
    assert (source.asked, source.version) == (1, 1)


async def test_a_refused_source_is_told_and_its_neighbours_are_not(
    database: LogDatabase, log: GroupCommitWriter
) -> None:
    zombie, healthy = Typing(log, events=9), Typing(log, events=9)
    async with writer(database.url) as successor:
        await successor.append(raw(zombie.stream_id, 0, thread_id=zombie.thread_id))
    log.attach(zombie)
    log.attach(healthy)
    log.wake()
    await asyncio.wait_for(asyncio.gather(zombie.done.wait(), healthy.done.wait()), 5)
    [refusal] = zombie.refusals
    assert isinstance(refusal, StreamConflict)
    assert refusal.streams == {zombie.stream_id: 1}
    assert (healthy.version, healthy.refusals) == (9, [])


class Broken(Typing):
    def take(self) -> NewEvents | None:
        self.asked += 1
        raise RuntimeError("a defect in a source")


async def test_a_source_with_a_defect_stops_nobody_else(log: GroupCommitWriter) -> None:
    broken, healthy = Broken(log, events=1), Typing(log, events=3)
    log.attach(broken)
    log.attach(healthy)
    log.wake()
    await asyncio.wait_for(healthy.done.wait(), 5)
    assert broken.asked == 1


async def test_what_is_told_after_a_commit_is_what_readers_find(
    log: GroupCommitWriter, commits: Commits, reader: LogReader
) -> None:
    thread, owner = uuid4(), uuid4()
    one, two = uuid4(), uuid4()
    mine = partial(raw, thread_id=thread, owner_id=owner)
    await log.append(mine(one, 0, "a", "b"), mine(two, 0, "c"))
    await asyncio.gather(
        log.append(mine(two, 1, "d")),
        log.append(raw(uuid4(), 0)),
        log.append(mine(one, 2, "e")),
    )
    told = [entry for entry in commits.entries if entry.thread_id == thread]
    assert told == await reader.read_thread(thread)


async def test_a_publisher_with_a_defect_fails_no_commit(database: LogDatabase) -> None:
    class Publisher(Commits):
        def __call__(self, entries: Sequence[LogEntry]) -> None:
            super().__call__(entries)
            raise RuntimeError("a defect in the relay")

    publisher = Publisher()
    async with writer(database.url, publisher) as log:
        stream = uuid4()
        await log.append(raw(stream, 0))
        assert (await log.append(raw(stream, 1)))[0].position == 2
    assert len(publisher.batches) == 2


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


@pytest.mark.parametrize("versions", [(), (0, 2), (3, 3)])
async def test_appends_that_can_never_be_one_are_a_mistake_of_the_caller(
    log: GroupCommitWriter, versions: tuple[int, ...]
) -> None:
    stream = uuid4()
    with pytest.raises(ValueError, match=r"append|follow"):
        await log.append(*(raw(stream, version) for version in versions))
    with pytest.raises(ValueError, match="no event"):
        await log.append(NewEvents(stream, 0, []))
