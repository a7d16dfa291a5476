"""Makes a read model again aside, up to where readers see it, and compares the two row by row."""

import hashlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.refusals import Refusal
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.connection import PROJECTOR, Connection, connected
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader
from infrastructure.projecting.acts import NeverMade
from infrastructure.projecting.comparing import ASIDE, Compared, clear, compare, keep
from infrastructure.projecting.follower import BATCH, decoded, wanted_by
from infrastructure.projecting.swapping import (
    Progress,
    TablesAreNewer,
    TablesDiffer,
    Tell,
    tell_nobody,
)
from infrastructure.read_database import projector_engine
from projections import slots
from projections.applying import write_rows
from projections.checkpoints import Slot
from projections.projection import Projection
from projections.threads import Thread

LOCK = "SELECT pg_try_advisory_lock(hashtextextended('threadlog.verify.' || $1, 0))"
SHOWN = "SELECT slot, version, position FROM threadlog.projections WHERE name = $1 AND active"


class VerifyIsRunning(Refusal):
    """It is being verified already."""


class TablesAreOlder(Refusal):
    """Its tables were made by an older version of Threadlog. Make them again first."""


class NoThreads(Refusal):
    """Its rows do not belong to threads, so there is no sample of it: verify all of it."""


@dataclass(frozen=True)
class Verdict:
    """Up to which position the rows were compared, and what came of it, table by table."""

    position: int
    tables: Sequence[Compared]

    @property
    def equal(self) -> bool:
        """Are all rows as the log makes them?"""
        return all(table.equal for table in self.tables)


@dataclass(frozen=True)
class Sample:
    """Of all threads so many, by the hash of their ids: the same ones each time."""

    percentage: float  # above 0, below 100

    @property
    def _end(self) -> bytes:
        return int(self.percentage / 100 * 2**32).to_bytes(4, "big")

    def has(self, entry: LogEntry) -> bool:
        """Does the event belong to one of them?"""
        thread_id = entry.thread_id
        return thread_id is not None and hashlib.sha256(thread_id.bytes).digest() < self._end

    def condition(self, table: Table) -> str:
        """The same in SQL, of a row. Raises NoThreads."""
        column = "id" if table is Thread.__table__ else "thread_id"
        if column not in table.columns:
            raise NoThreads
        return f"sha256(uuid_send({column})) < '\\x{self._end.hex()}'::bytea"


async def verify(
    url: str,
    projection: Projection,
    *,
    sample: Sample | None = None,
    tell: Tell = tell_nobody,
    codec: Codec | None = None,
) -> Verdict:
    """Compare what readers see now with what the log makes of it. Everybody else goes on.

    A sample is only of what belongs to some threads. Nothing stays behind; what a killed one left
    is cleared away by the next. Raises VerifyIsRunning, NeverMade, TablesAreNewer, TablesAreOlder,
    TablesDiffer, NoThreads, Poisoned and LogUnavailable.
    """
    async with _site(url, projection, codec=codec or Codec()) as site:
        tables = slots.tables_of(projection)
        position = await site.keep_shown(
            {table: sample.condition(table) if sample else "true" for table in tables}
        )
        await site.make(through=position, sample=sample, tell=tell)
        return Verdict(position, [await compare(site.connection, table) for table in tables])


@asynccontextmanager
async def _site(url: str, projection: Projection, *, codec: Codec) -> AsyncGenerator["_Site"]:
    """Nobody else works there. The lock is the session's: whoever is killed frees it."""
    async with connected(url, role=PROJECTOR) as connection:
        if not await connection.fetchval(LOCK, projection.name):
            raise VerifyIsRunning
        engine = projector_engine(url)
        try:
            async with LogReader(url, role=PROJECTOR, connections=1) as reader:
                yield _Site(projection, connection, engine, reader, codec)
        finally:
            await engine.dispose()
            if not connection.is_closed():
                await clear(connection, slots.tables_of(projection))


@dataclass(frozen=True)
class _Site:
    """Where rows are made aside; `connection` holds the lock, and waits as long as it takes."""

    projection: Projection
    connection: Connection
    engine: AsyncEngine
    reader: LogReader
    codec: Codec

    async def keep_shown(self, conditions: dict[Table, str]) -> int:
        """Position and rows at one moment. No swap is half seen: it waits for the views' locks."""
        await clear(self.connection, list(conditions))
        await self._shown()
        async with self.connection.transaction():
            await self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            views = ", ".join(table.fullname for table in conditions)
            await self.connection.execute(f"LOCK TABLE {views} IN ACCESS SHARE MODE")
            slot, position = await self._shown()
            for table, condition in conditions.items():
                schema = slots.SCHEMAS[slot]
                await keep(self.connection, table, schema=schema, where=condition)
        return position

    async def _shown(self) -> tuple[Slot, int]:
        row = await self.connection.fetchrow(SHOWN, self.projection.name)
        if row is None:
            raise NeverMade
        slot, version, position = row
        if version != self.projection.version:
            raise TablesAreNewer if version > self.projection.version else TablesAreOlder
        async with self.engine.connect() as connection:
            if not await slots.fits(connection, self.projection, slot):
                raise TablesDiffer
        return slot, position

    async def make(self, *, through: int, sample: Sample | None, tell: Tell) -> None:
        """Rows from the log's first event to this position, none later. Raises Poisoned."""
        async with self.engine.begin() as connection:
            await slots.make_empty(connection, self.projection, schema=ASIDE)
        is_wanted = await wanted_by(self.projection, reader=self.reader, codec=self.codec)
        position = 0
        while position < through:
            scan = await self.reader.read_after(position, limit=BATCH, chunks=False)
            entries = [
                entry
                for entry in scan.entries
                if entry.position <= through and is_wanted(entry)
                if sample is None or sample.has(entry)
            ]
            batch, poisoned = decoded(entries, codec=self.codec)
            if poisoned:
                raise poisoned
            if batch:
                async with self.engine.begin() as connection:
                    await slots.write_in(connection, ASIDE)
                    await write_rows(connection, self.projection, batch)
            position = min(scan.through, through)
            tell(Progress(position, through))
