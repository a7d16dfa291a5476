"""One moment of the log and of the tables, however long it takes to copy it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from hashlib import sha256
from typing import Any, Protocol, cast
from uuid import UUID

from infrastructure.event_log.connection import PROJECTOR, Connection, Row, connected
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lines import line_of
from infrastructure.event_log.statements import statement
from infrastructure.exporting.batches import BatchSize
from infrastructure.exporting.refusals import UnknownDataset
from infrastructure.exporting.tables import Query, Table, shown_through, swapped_at, tables

EVENTS = "events"
SHOWN_BY = ("record", "tool_calls")  # the read models that the views are made of

# The same row is the same text on every server.
SETTINGS = """
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO';
SET LOCAL IntervalStyle = 'postgres';
SET LOCAL bytea_output = 'hex';
SET LOCAL extra_float_digits = 1;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
"""
# Pages of the log are found by position whatever the statistics say; tables are read whole.
BY_POSITION = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
WHOLE = "SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on"


class _Cursor(Protocol):
    async def fetch(self, n: int) -> list[Row]: ...


class _Copying(Protocol):
    """What asyncpg's connection has beyond `Connection`."""

    def cursor(self, query: str, *args: object) -> Awaitable[_Cursor]: ...
    def transaction(self, **options: object) -> AbstractAsyncContextManager[None]: ...
    async def copy_from_query(self, query: str, *args: object, **options: Any) -> str: ...


class Snapshot:
    """What there is, read in one transaction. Use `snapshot_of`."""

    def __init__(
        self,
        connection: Connection,
        *,
        found: Mapping[str, Table],
        last: int,
        shown: int,
        swapped: int,
    ) -> None:
        self._connection = connection
        self._copying = cast("_Copying", connection)
        self.tables = found
        self.last = last  # position of the log
        self.shown = shown  # position up to which the tables show the log
        self.swapped = swapped  # position after which they are the ones that they are; 0: always

    async def log_id(self) -> str:
        """What tells this log from others: its first event, hashed; empty while there is none."""
        async for page in self.events(after=0, through=1):
            return sha256(line_of(page[0])).hexdigest()
        return ""

    async def events(
        self, *, after: int, through: int, thread_id: UUID | None = None
    ) -> AsyncGenerator[list[LogEntry]]:
        """Events after a position and up to another, in order, some at a time."""
        await self._connection.execute(BY_POSITION)
        size = BatchSize()
        while rows := await self._page(after, through, thread_id=thread_id, limit=size.rows):
            page = [LogEntry(*row) for row in rows]
            after = page[-1].position
            size.learn(len(page), size=sum(len(entry.state) for entry in page))
            yield page

    async def _page(
        self, after: int, through: int, *, thread_id: UUID | None, limit: int
    ) -> list[Row]:
        fetch = self._connection.fetch
        if thread_id is None:
            return await fetch(statement("read_range"), after, through, None, limit)
        return await fetch(statement("read_thread_range"), thread_id, after, through, limit)

    async def rows(self, query: Query) -> AsyncGenerator[list[Row]]:
        """The rows of a query, some at a time."""
        await self._connection.execute(WHOLE)
        cursor = await self._copying.cursor(query.sql, *query.arguments)
        size = BatchSize()
        while rows := await cursor.fetch(size.rows):
            size.learn(len(rows), size=sum(map(_weight, rows)))
            yield rows

    async def count(self, query: Query) -> int:
        """How many rows a query has."""
        await self._connection.execute(WHOLE)
        counted = f"SELECT count(*) FROM ({query.sql}) AS counted"  # noqa: S608
        return await self._connection.fetchval(counted, *query.arguments)

    async def copy_csv(self, query: Query, write: Callable[[bytes], Awaitable[None]]) -> int:
        """PostgreSQL's own CSV, with a line of names; how many rows it had."""
        await self._connection.execute(WHOLE)
        done = await self._copying.copy_from_query(
            query.sql, *query.arguments, output=write, format="csv", header=True
        )
        return int(done.removeprefix("COPY "))

    async def holds(self, thread_id: UUID) -> bool:
        """Is there an event of this thread?"""
        page = await self._page(0, self.last, thread_id=thread_id, limit=1)
        return bool(page)


def _weight(row: Row) -> int:
    return sum(len(value) for value in row if isinstance(value, str))


@asynccontextmanager
async def snapshot_of(url: str, *, wanted: Collection[str]) -> AsyncGenerator[Snapshot]:
    """The log, and the tables that are wanted (none named: all), as they are now.

    Nobody can replace these tables until the end. Raises UnknownDataset, OSError, asyncpg errors.
    """
    async with connected(url, role=PROJECTOR) as connection:
        names = _chosen(wanted, list(await tables(connection)))
        transaction = cast("_Copying", connection).transaction(
            isolation="repeatable_read", readonly=True
        )
        async with transaction:
            await connection.execute(SETTINGS)
            if names:  # before the first SELECT, at which the moment is chosen
                await connection.execute(f"LOCK TABLE {_quoted(names)} IN ACCESS SHARE MODE")
            last: int = await connection.fetchval(statement("last_position"))
            shown = await shown_through(connection, SHOWN_BY) if names else last
            swapped = await swapped_at(connection, SHOWN_BY) if names else 0
            found = await tables(connection)
            chosen = {name: found[name] for name in names}
            yield Snapshot(
                connection, found=chosen, last=last, shown=min(shown, last), swapped=swapped
            )


def _chosen(wanted: Collection[str], existing: Collection[str]) -> list[str]:
    unknown = sorted(set(wanted) - {EVENTS, *existing})
    if unknown:
        choices = ", ".join([EVENTS, *existing])
        raise UnknownDataset(f"there is no dataset {', '.join(unknown)}; there are: {choices}")
    return [name for name in existing if not wanted or name in wanted]


def _quoted(names: Collection[str]) -> str:
    return ", ".join(Table(name, ()).quoted for name in names)
