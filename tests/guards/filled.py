"""A log as it is after months: thousands of events, projected and known to the planner."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from uuid import uuid4

from application.keys import ADMINISTRATOR
from domain.completion_events import Chunk
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.codec import Codec
from infrastructure.migrations import migrate
from infrastructure.projecting.projector import Projector
from tests.projections.story import NOON, Log, Story
from tests.servers import Connection, connected, new_database
from tests.system.stack import eventually

THREADS = 400
CHUNKS = 40  # of each thread's one answer
CHUNK_CHARACTERS = 25

COLUMNS = (
    "originator_id",
    "originator_version",
    "topic",
    "state",
    "notification_id",
    "thread_id",
    "owner_id",
    "recorded_at",
)


class Copying(Protocol):
    """What asyncpg has besides statements."""

    async def copy_records_to_table(
        self, table_name: str, *, schema_name: str, columns: tuple[str, ...], records: list[Any]
    ) -> str: ...


@dataclass(frozen=True)
class Filled:
    """The database, of which the counters of tables and indexes begin at 0."""

    url: str
    owner_url: str
    bytes_per_event: float  # of the log, in table and indexes


async def filled_database(postgres: EmbeddedPostgres) -> Filled:
    """A new one; most of its events are chunks."""
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    async with connected(owner_url) as connection:
        last = await _fill(connection)
        await _project(url, connection, through=last)
        await connection.execute("VACUUM (ANALYZE)")
        size = await connection.fetchval("SELECT pg_total_relation_size('threadlog.chat_events')")
        await eventually(lambda: _is_alone(connection), seconds=20)  # who leaves reports late
        await connection.execute("SELECT pg_stat_reset()")
    return Filled(url, owner_url, bytes_per_event=size / last)


async def _fill(connection: Connection) -> int:
    codec, when = Codec(), datetime.fromtimestamp(NOON / 1e6, UTC)
    records: list[Any] = []
    for told in _told().events:
        topic, state = codec.encode(told.event, at=told.at, actor=told.actor)
        stream = (told.stream_id, told.version, topic, state, told.position)
        records.append((*stream, told.thread_id, told.owner_id, when))
    await cast("Copying", connection).copy_records_to_table(
        "chat_events", schema_name="threadlog", columns=COLUMNS, records=records
    )
    return len(records)


def _told() -> Log:
    log = Log()
    deltas = ((5, 20),) * (CHUNK_CHARACTERS // 5)
    chunk = Chunk(1, 1, 0, "text", "w123 " * len(deltas), deltas)
    for number in range(THREADS):
        owner = ADMINISTRATOR if number % 4 == 0 else uuid4()
        story = Story(log, owner).start(title=f"Conversation {number}")
        _, completion = story.ask("Tell me something")
        story.claim(completion)
        story.stream(completion, *[chunk] * CHUNKS)
        story.record(completion)
        story.finish(completion, "w123 " * len(deltas) * CHUNKS)
    return log


async def _project(url: str, connection: Connection, *, through: int) -> None:
    projecting = asyncio.create_task(Projector(url).run())

    async def done() -> bool:
        return await projected(connection) >= through

    try:
        await eventually(done, seconds=60)
    finally:
        projecting.cancel()
        await asyncio.wait({projecting})


async def _is_alone(connection: Connection) -> bool:
    """Has everybody left who was connected to the database?"""
    others = """
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()
           AND backend_type = 'client backend'
    """
    return await connection.fetchval(others) == 0


async def projected(connection: Connection) -> int:
    """The position up to which the read tables show the log."""
    query = "SELECT min(position) FROM threadlog.projections WHERE active"
    return await connection.fetchval(query) or 0
