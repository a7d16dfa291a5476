"""What the group-commit writer promises to those who share it."""

import asyncio
from collections.abc import Sequence
from functools import partial
from uuid import uuid4

import asyncpg
import pytest

from infrastructure.event_log import GroupCommitWriter, LogEntry, LogReader
from infrastructure.event_log.batch import NewEvents
from tests.infrastructure.event_log.appending import (
    Commits,
    assert_sound,
    held,
    outcome,
    queued,
    until_somebody_waits,
    writer,
)
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import CANCEL, FINISHED, raw


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


@pytest.mark.parametrize("versions", [(), (0, 2), (3, 3)])
async def test_appends_that_can_never_be_one_are_a_mistake_of_the_caller(
    log: GroupCommitWriter, versions: tuple[int, ...]
) -> None:
    stream = uuid4()
    with pytest.raises(ValueError, match=r"append|follow"):
        await log.append(*(raw(stream, version) for version in versions))
    with pytest.raises(ValueError, match="no event"):
        await log.append(NewEvents(stream, 0, []))
