"""How large the log is, where a time stands in it, and who holds what."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.migrations import migrate
from infrastructure.operations.held_runs import HeldRun, held_runs
from infrastructure.operations.log_growth import events_since, log_size, positions_before
from tests.infrastructure.test_projector import write
from tests.projections.story import WORKER, Log, Story
from tests.servers import connected, new_database

DAY = timedelta(days=1)
MIDNIGHT = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
async def urls(postgres: EmbeddedPostgres) -> tuple[str, str]:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    return url, owner_url


@pytest.fixture
async def log(urls: tuple[str, str]) -> AsyncGenerator[PostgresEventLog]:
    async with PostgresEventLog(urls[0]) as log:
        yield log


async def test_a_log_of_which_nothing_was_written_grows_by_nothing(log: PostgresEventLog) -> None:
    database = log.reader.database
    assert await positions_before(database, [MIDNIGHT]) == [0]
    assert await events_since(database, [MIDNIGHT, MIDNIGHT + DAY]) == [0, 0]
    size = await log_size(database)
    assert (size.events, size.bytes_of(3)) == (0, 0)


async def test_events_are_counted_from_time_to_time(
    log: PostgresEventLog, urls: tuple[str, str]
) -> None:
    told = Log()
    story = Story(told).start()
    for _ in range(6):
        story.ask("x")
    await write(urls[0], told.events)
    count = len(told.events)
    assert count == 19
    async with connected(urls[1]) as owner:  # as if it had been written in three days
        await owner.execute("RESET ROLE")
        await owner.execute("SET session_replication_role = replica")
        await owner.execute("ALTER TABLE threadlog.chat_events DISABLE TRIGGER append_only")
        day = "least((notification_id - 1) / 8, 2) * interval '1 day'"
        await owner.execute(
            f"UPDATE threadlog.chat_events SET recorded_at = $1::timestamptz + {day}",
            MIDNIGHT,
        )
    database = log.reader.database
    days = [MIDNIGHT + DAY * n for n in range(-1, 4)]
    assert await positions_before(database, days) == [0, 0, 8, 16, 19]
    assert await positions_before(database, [MIDNIGHT + timedelta(seconds=1)]) == [8]
    assert await events_since(database, days) == [0, 8, 8, 3, 0]
    size = await log_size(database)
    assert size.events == 19
    assert size.bytes_of(19) == size.log_bytes > 8192
    assert size.bytes_of(1) == round(size.log_bytes / 19)


async def test_runs_that_workers_hold(log: PostgresEventLog, urls: tuple[str, str]) -> None:
    told = Log()
    story = Story(told).start()
    _, held = story.ask("x")
    story.ask("nobody has begun this one")
    await write(urls[0], told.events)
    async with connected(urls[1]) as owner:
        await owner.execute(
            "UPDATE threadlog.open_runs SET worker_id = $1 WHERE stream_id = $2", WORKER, held
        )
    thread: UUID = story.id
    assert await held_runs(log.reader.database) == [
        HeldRun(WORKER, "completion", held, thread, cancel_requested=False)
    ]
