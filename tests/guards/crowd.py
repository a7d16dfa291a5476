"""Read tables in which one person has a little and everybody else a lot, and what a look costs."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from infrastructure.embedded import EmbeddedPostgres
from infrastructure.migrations import migrate
from infrastructure.read_database import ReadDatabase
from projections.record import RECORD
from projections.search import SEARCH
from tests.projections.story import Reader
from tests.projections.tables import Tables
from tests.servers import Connection, connected, new_database

ROWS = 40_000  # of each table
ME = Reader(UUID(int=1))
EVERY = 500  # of so many rows one is mine

# Every message has "common" in it, and each of mine one word that is rare.
_OWNER = """
 CASE WHEN n % $2 = 0 THEN $3 ELSE md5((n % 1999)::text)::uuid END
"""
_TEXTS = f"""
INSERT INTO read_blue.search
       (id, thread_id, user_id, position, role, text, words, steps, created_at)
SELECT md5(n::text)::uuid, md5((n / 10)::text)::uuid, {_OWNER}, n, 'user', words, words, '[]', now()
  FROM generate_series(1, $1::int) n,
       concat('common w', n % 5000, CASE WHEN n % ($2 * 50) = 0 THEN ' rare' END) words
"""
_THREADS = f"""
INSERT INTO read_blue.threads
       (id, user_id, position, agent, metadata, archived, message_count, user_message_count,
        assistant_message_count, queued_message_count, active_position, created_at, updated_at)
SELECT md5(n::text)::uuid, {_OWNER}, n, 'assistant', '{{}}', false, 0, 0, 0, 0, n + $1, now(), now()
  FROM generate_series(1, $1::int) n
"""
_BLOCKS = """
SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0)
           + coalesce(toast_blks_read + toast_blks_hit, 0))::bigint
  FROM pg_statio_user_tables WHERE schemaname = 'read_blue'
"""


@dataclass(frozen=True)
class Crowd:
    """The tables, filled and known to the planner."""

    reading: ReadDatabase
    owner: Connection

    async def blocks(self, look: Callable[[AsyncSession], Awaitable[Any]]) -> int:
        """How many blocks of 8 kB are touched by what somebody reads."""
        async with self.reading.session() as session:
            await look(session)  # what a first look learns about the tables does not count
            await self._tell(session)
            before = await self.owner.fetchval(_BLOCKS)
            await look(session)
            await self._tell(session)
        return await self.owner.fetchval(_BLOCKS) - before

    async def _tell(self, session: AsyncSession) -> None:
        """The back end counts for itself and tells the others when it is asked to."""
        await session.execute(text("SELECT pg_stat_force_next_flush()"))


@asynccontextmanager
async def crowded(postgres: EmbeddedPostgres) -> AsyncGenerator[Crowd]:
    """Of a new database."""
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    for projection in (RECORD, SEARCH):
        tables = Tables(url, owner_url=owner_url, projection=projection)
        await tables.make()
        await tables.close()
    reading = ReadDatabase(url, connections=1)
    async with connected(owner_url) as owner:
        for table in ("search", "threads"):  # nobody else shall read them
            await owner.execute(f"ALTER TABLE read_blue.{table} SET (autovacuum_enabled = off)")
        await owner.execute("DROP INDEX read_blue.search_words")  # it is quicker to make at once
        for fill in (_TEXTS, _THREADS):
            await owner.execute(fill, ROWS, EVERY, ME.user_id)
        await owner.execute("CREATE INDEX search_words ON read_blue.search USING gin (vector)")
        await owner.execute("VACUUM (ANALYZE)")
        await owner.execute("SELECT pg_stat_force_next_flush()")  # what filling them touched
        yield Crowd(reading, owner)
    await reading.close()
