"""What an engine recorded in memory, kept in a log on PostgreSQL."""

from collections.abc import Sequence
from itertools import groupby

from application.ports import AnyRecorded, StreamAppend
from infrastructure.event_log import PostgresBlobStore, PostgresEventLog
from tests.application.house import Running
from tests.infrastructure.event_log.databases import LogDatabase


async def keep(running: Running, log: LogDatabase) -> None:
    """The same events at the same positions, and the same blobs."""
    house = running.house
    async with PostgresEventLog(log.url) as kept:
        positions = await append_all(kept, house.log.events, actor="test")
        assert positions == [one.position for one in house.log.events]
        blobs = PostgresBlobStore(kept.reader.database)
        for (owner_id, _), content in house.blobs.kept.items():
            await blobs.put(owner_id, content, media_type="text/plain")


async def append_all(
    log: PostgresEventLog, events: Sequence[AnyRecorded], *, actor: str
) -> list[int]:
    """In their order, those of one stream that follow each other at once; their positions."""
    positions: list[int] = []
    for _, group in groupby(events, key=lambda one: one.stream_id):
        run = list(group)
        first = run[0]
        append = StreamAppend(
            first.stream_id,
            first.version - 1,
            [one.event for one in run],
            first.thread_id,
            first.owner_id,
        )
        positions += [one.position for one in await log.append(append, actor=actor)]
    return positions
