"""Any recorder of the library `eventsourcing` will do: it says what the live log says."""

from random import Random
from uuid import UUID

import pytest

from application.ports import StreamAppend
from infrastructure.audit.exported import RecordedLog
from infrastructure.audit.fold import standing
from infrastructure.audit.log import LiveLog
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import RUNTIME
from infrastructure.event_sourcing import LogApplicationRecorder
from infrastructure.event_sourcing.log import Log as LibraryLog
from tests.infrastructure.audit.stored import eventful_thread
from tests.infrastructure.event_log.databases import LogDatabase, empty_log
from tests.projections.story import Story


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> LogDatabase:
    return await empty_log(postgres)


async def append_all(log: PostgresEventLog, story: Story) -> None:
    """Event by event, at the same positions."""
    for one in story.log.events:
        append = StreamAppend(
            one.stream_id, one.version - 1, [one.event], one.thread_id, one.owner_id
        )
        [recorded] = await log.append(append, actor="test")
        assert recorded.position == one.position


async def test_it_says_of_every_moment_what_the_live_log_says(database: LogDatabase) -> None:
    story, random = eventful_thread(11, events=150), Random(11)
    library = LibraryLog(database.url, role=RUNTIME)
    async with PostgresEventLog(database.url) as log:
        await append_all(log, story)
        live = LiveLog(log.reader)
        recorded = RecordedLog(LogApplicationRecorder(library, name="audit"))
        assert await recorded.last_position() == await live.last_position()
        for _ in range(20):
            position = random.randint(1, 150)
            assert await standing(recorded, story.id, position) == await standing(
                live, story.id, position
            )
        topics = ["completion.chunk@1", "thread.message_queued@1"]
        ranges = [
            await log.read_range(after=3, through=90, topics=topics, limit=4)
            for log in (recorded, live)
        ]
        assert ranges[0] == ranges[1] != []
        assert await recorded.read_stream(UUID(int=1)) == []
        assert await recorded.read_stream(story.id) == await live.read_stream(story.id)
    library.close()
