"""What an engine recorded in memory, kept in a log on PostgreSQL."""

from itertools import groupby

from application.ports import StreamAppend
from infrastructure.event_log import PostgresBlobStore, PostgresEventLog
from tests.application.house import Running
from tests.infrastructure.event_log.databases import LogDatabase


async def keep(running: Running, log: LogDatabase) -> None:
    """The same events at the same positions, and the same blobs."""
    house = running.house
    async with PostgresEventLog(log.url) as kept:
        for _, group in groupby(house.log.events, key=lambda one: one.stream_id):
            events = list(group)
            first = events[0]
            append = StreamAppend(
                first.stream_id,
                first.version - 1,
                [one.event for one in events],
                first.thread_id,
                first.owner_id,
            )
            recorded = await kept.append(append, actor="test")
            assert [one.position for one in recorded] == [one.position for one in events]
        blobs = PostgresBlobStore(kept.reader.database)
        for (owner_id, _), content in house.blobs.kept.items():
            await blobs.put(owner_id, content, media_type="text/plain")
