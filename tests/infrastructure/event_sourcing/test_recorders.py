"""What we promise beyond the library's suites: lost answers, rights, outages, an orderly end."""

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    InfrastructureFactoryError,
    IntegrityError,
    InterfaceError,
    ProgrammingError,
    StoredEvent,
    Tracking,
)

from infrastructure.event_log import GroupCommitWriter, LogEntry
from infrastructure.event_sourcing import Factory, LogSubscription
from tests.faults.links import link_to, lose, through
from tests.faults.proxy import FaultProxy
from tests.infrastructure.event_log.appending import writer
from tests.infrastructure.event_log.databases import LogDatabase
from tests.infrastructure.event_log.events import raw
from tests.infrastructure.event_sourcing.databases import Databases

AUDITOR = """
DO $$ BEGIN
    IF to_regrole('auditor') IS NULL THEN CREATE ROLE auditor; GRANT auditor TO threadlog; END IF;
END $$;
GRANT USAGE ON SCHEMA threadlog TO auditor;
GRANT SELECT ON threadlog.chat_events TO auditor;
"""
COUNTER = "CREATE TABLE eventsourcing.counter AS SELECT 0 AS n"
END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
COUNT = "UPDATE eventsourcing.counter SET n = n + 1"


@pytest.fixture
def factory(log: LogDatabase) -> Iterator[Factory]:
    factory = Factory({"THREADLOG_DATABASE_URL": log.url})
    yield factory
    factory.close()


@pytest.fixture
async def threadlog(log: LogDatabase) -> AsyncIterator[GroupCommitWriter]:
    """Threadlog itself, which writes to the same log."""
    async with writer(log.url) as threadlog:
        yield threadlog


@pytest.fixture
async def link(log: LogDatabase) -> AsyncIterator[FaultProxy]:
    async with link_to(log.url) as link:
        yield link


@pytest.fixture
async def far_factory(log: LogDatabase, link: FaultProxy) -> AsyncIterator[Factory]:
    """Its connections can be cut."""
    factory = Factory({"THREADLOG_DATABASE_URL": through(link, log.url)})
    yield factory
    await asyncio.to_thread(factory.close)


def event(stream_id: UUID, version: int, state: str = "x") -> StoredEvent:
    return StoredEvent(stream_id, version, "topic", state.encode())


def follow(subscription: LogSubscription, *, count: int) -> list[int]:
    """Positions of so many events, or of those before it was stopped."""
    with subscription:
        return [notification.id for notification in islice(subscription, count)]


@pytest.mark.parametrize("part", ["request", "answer"])
async def test_an_event_whose_acknowledgement_is_lost_is_written_once(
    link: FaultProxy, far_factory: Factory, part: str
) -> None:
    recorder, stream = far_factory.application_recorder(), uuid4()
    await asyncio.to_thread(recorder.insert_events, [event(stream, 1)])
    lose(link, part, marker="second")
    written = await asyncio.to_thread(recorder.insert_events, [event(stream, 2, "second")])
    assert link.resets == 1
    assert written == [2]
    assert [e.state for e in await asyncio.to_thread(recorder.select_events, stream)] == [
        b"x",
        b"second",
    ]


@pytest.mark.parametrize("part", ["request", "answer"])
async def test_a_step_whose_commit_is_lost_is_recorded_once(
    link: FaultProxy, far_factory: Factory, part: str
) -> None:
    recorder, stream = await asyncio.to_thread(far_factory.process_recorder), uuid4()
    lose(link, part, marker="COMMIT")
    written = await asyncio.to_thread(
        recorder.insert_events, [event(stream, 1), event(stream, 2)], tracking=Tracking("up", 7)
    )
    assert link.resets == 1
    assert written == [1, 2]
    assert await asyncio.to_thread(recorder.max_notification_id) == 2
    assert await asyncio.to_thread(recorder.max_tracking_id, "up") == 7
    with pytest.raises(IntegrityError):
        await asyncio.to_thread(
            recorder.insert_events, [event(stream, 3)], tracking=Tracking("up", 7)
        )


@pytest.mark.parametrize("part", ["request", "answer"])
async def test_a_view_is_changed_once_when_the_commit_is_lost(
    link: FaultProxy, far_factory: Factory, part: str
) -> None:
    view = await asyncio.to_thread(far_factory.tracking_recorder)
    await asyncio.to_thread(view.log.create, COUNTER)
    lose(link, part, marker="COMMIT")
    await asyncio.to_thread(view.record, Tracking("up", 1), COUNT)
    assert link.resets == 1
    rows = await asyncio.to_thread(view.query, "SELECT n FROM eventsourcing.counter")
    assert [row["n"] for row in rows] == [1]


async def test_positions_continue_those_of_threadlog_and_tell_its_threads(
    factory: Factory, threadlog: GroupCommitWriter
) -> None:
    recorder, stream, thread, owner = factory.application_recorder(), uuid4(), uuid4(), uuid4()
    await threadlog.append(raw(stream, 0, "a", "b", thread_id=thread, owner_id=owner))
    assert recorder.insert_events([event(uuid4(), 1)]) == [3]
    [entry] = await threadlog.append(raw(stream, 2, "c", thread_id=thread, owner_id=owner))
    assert entry.position == 4
    found = recorder.select_notifications(start=1, limit=10)
    assert [notification.id for notification in found] == [1, 2, 3, 4]
    assert isinstance(found[0], LogEntry)
    assert (found[0].thread_id, found[0].owner_id) == (thread, owner)
    assert [e.originator_version for e in recorder.select_events(stream, gt=1)] == [2, 3]


async def test_a_stream_of_threadlog_takes_no_event_from_others(
    factory: Factory, threadlog: GroupCommitWriter
) -> None:
    recorder, stream = factory.application_recorder(), uuid4()
    await threadlog.append(raw(stream, 0, "a", thread_id=uuid4(), owner_id=uuid4()))
    with pytest.raises(IntegrityError):
        recorder.insert_events([event(stream, 2)])
    assert recorder.max_notification_id() == 1


def test_who_may_only_select_reads_and_follows_and_cannot_write(
    log: LogDatabase, databases: Databases, factory: Factory
) -> None:
    databases.as_superuser(log, AUDITOR)
    factory.application_recorder().insert_events([event(uuid4(), 1)])
    auditor = Factory(
        {"THREADLOG_DATABASE_URL": log.url, "THREADLOG_DATABASE_ROLE": "auditor"},
    )
    recorder = auditor.application_recorder()
    assert [found.id for found in recorder.select_notifications(start=1, limit=9)] == [1]
    with recorder.subscribe() as subscription:
        assert next(subscription).id == 1
    with pytest.raises(ProgrammingError, match="permission denied"):
        recorder.insert_events([event(uuid4(), 1)])
    auditor.close()


async def test_a_subscription_whose_connections_die_misses_nothing(
    log: LogDatabase, databases: Databases, factory: Factory, threadlog: GroupCommitWriter
) -> None:
    subscription = factory.application_recorder().subscribe()
    following = asyncio.create_task(asyncio.to_thread(follow, subscription, count=30))
    for n in range(30):
        if n == 10:
            await asyncio.to_thread(databases.as_superuser, log, END_SESSIONS)
        if n == 29:  # the last event comes while nobody listens
            listening = f"{END_SESSIONS} AND query LIKE 'LISTEN%'"
            await asyncio.to_thread(databases.as_superuser, log, listening)
        await threadlog.append(raw(uuid4(), 0))
    await asyncio.wait({following}, timeout=20)
    subscription.stop()
    assert await following == list(range(1, 31))


async def test_closing_the_recorders_ends_their_subscriptions(
    factory: Factory, threadlog: GroupCommitWriter
) -> None:
    subscription = factory.application_recorder().subscribe()
    following = asyncio.create_task(asyncio.to_thread(follow, subscription, count=2))
    await threadlog.append(raw(uuid4(), 0))
    await asyncio.to_thread(factory.close)
    assert len(await asyncio.wait_for(following, 20)) < 2


def test_tables_are_made_only_where_and_when_they_may_be(
    log: LogDatabase, databases: Databases
) -> None:
    databases.as_superuser(log, "DROP SCHEMA eventsourcing")
    env = {"THREADLOG_DATABASE_URL": log.url}
    factory = Factory(env)
    assert factory.application_recorder().max_notification_id() is None
    with pytest.raises(ProgrammingError, match='schema "eventsourcing" does not exist'):
        factory.tracking_recorder()
    factory.close()
    databases.as_superuser(log, "CREATE SCHEMA eventsourcing")
    factory = Factory(env)
    with pytest.raises(ProgrammingError, match="permission denied"):
        factory.aggregate_recorder("snapshots")
    factory.close()
    factory = Factory(env | {"CREATE_TABLE": "no"})
    factory.tracking_recorder()
    factory.aggregate_recorder("snapshots")
    factory.process_recorder()
    factory.close()


def test_without_an_address_the_variable_is_named() -> None:
    with pytest.raises(InfrastructureFactoryError, match="THREADLOG_DATABASE_URL"):
        Factory({})


def loops() -> int:
    """How many recorders of this process have not ended."""
    gc.collect()
    return sum(thread.name == "event-log" for thread in threading.enumerate())


def test_a_recorder_ends_when_it_is_closed_or_forgotten(log: LogDatabase) -> None:
    before = loops()
    factory = Factory({"THREADLOG_DATABASE_URL": log.url})
    recorder = factory.application_recorder()
    recorder.insert_events([event(uuid4(), 1)])
    assert loops() == before + 1
    factory.close()
    factory.close()
    assert loops() == before
    with pytest.raises(InterfaceError):
        recorder.max_notification_id()
    forgotten = Factory({"THREADLOG_DATABASE_URL": log.url}).application_recorder()
    assert forgotten.max_notification_id() == 1
    assert loops() == before + 1
    del forgotten
    assert loops() == before
