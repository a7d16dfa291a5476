"""Sources take part in the batches of others: all of them, in turn, and never two at a time."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

from application.ports import StreamConflict
from infrastructure.event_log import GroupCommitWriter, LogEntry
from infrastructure.event_log.batch import NewEvents
from tests.infrastructure.event_log.appending import (
    Commits,
    Typing,
    held,
    until_somebody_waits,
    writer,
)
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import raw


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
