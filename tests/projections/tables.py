"""The read tables of one database, as a test fills and looks at them."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalogue import Event
from domain.recorded import Recorded
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.migrations import migrate
from infrastructure.read_database import ReadDatabase, projector_engine
from projections import slots
from projections.applying import apply
from projections.checkpoints import Checkpoint
from projections.projection import Projection
from projections.record import RECORD
from projections.schema import ReadModel
from tests.servers import new_database

TABLES = tuple(model.__tablename__ for model in RECORD.models)

R = TypeVar("R", bound=ReadModel)
Rows: TypeAlias = dict[str, list[Any]]  # of each table


class Tables:
    """Applies events as a projector does and reads rows as the API does."""

    def __init__(self, url: str, *, owner_url: str, projection: Projection = RECORD) -> None:
        self.url = url
        self.owner_url = owner_url
        self.projection = projection
        self.names = [model.__tablename__ for model in projection.models]
        self.engine: AsyncEngine = projector_engine(url)
        self.reading = ReadDatabase(url, connections=2)
        self.position = 0

    async def close(self) -> None:
        await self.engine.dispose()
        await self.reading.close()

    async def make(self) -> None:
        async with self.engine.begin() as connection:
            copy = await slots.shown_copy(connection, self.projection)
        assert copy is not None
        self.position = copy.position

    async def clear(self) -> None:
        """As before the first event."""
        copy = await self.copy()
        names = ", ".join(f"{slots.SCHEMAS[copy.slot]}.{name}" for name in self.names)
        forget = "UPDATE threadlog.projections SET position = 0, stopped_at = NULL, error = NULL"
        async with self.engine.begin() as connection:
            await connection.execute(text(f"TRUNCATE {names}"))
            await connection.execute(text(f"{forget} WHERE name = '{self.projection.name}'"))
        self.position = 0

    async def copy(self) -> Checkpoint:
        """The one that readers see."""
        copy = await self.reading.checkpoint(self.projection.name)
        assert copy is not None
        return copy

    async def apply(self, events: Sequence[Recorded[Event]], *, cuts: Iterable[int] = ()) -> None:
        """In batches that end at the cuts; what has been applied before is left out."""
        for begin, end in pairwise([0, *sorted(cuts), len(events)]):
            batch = [event for event in events[begin:end] if event.position > self.position]
            if batch:
                await self.apply_batch(batch)

    async def apply_batch(self, batch: Sequence[Recorded[Event]]) -> None:
        await self.apply_from(self.position, batch)
        self.position = batch[-1].position

    async def apply_from(self, after: int, batch: Sequence[Recorded[Event]]) -> None:
        """As a projector that believes the checkpoint to be there. Raises CheckpointMoved."""
        copy, through = await self.copy(), batch[-1].position
        wanted = self.projection.events
        shown = [one for one in batch if wanted is None or isinstance(one.event, wanted)]
        async with self.engine.begin() as connection:
            await apply(connection, self.projection, shown, copy=copy, after=after, through=through)

    async def one(self, model: type[R]) -> R:
        """The only row of its kind."""
        async with self.reading.session() as session:
            return (await session.scalars(select(model))).one()

    async def dump(self) -> Rows:
        """Every column of every row."""
        async with self.engine.connect() as connection:
            return {
                name: list(
                    await connection.scalars(
                        text(f"SELECT to_jsonb(t) FROM read.{name} t ORDER BY position, t::text")
                    )
                )
                for name in self.names
            }


async def assert_batches_do_not_matter(
    tables: Tables, events: Sequence[Recorded[Event]], *, seed: int
) -> Rows:
    """Wherever batches end, the rows are those of all events at once."""
    await tables.apply(events)
    at_once = await tables.dump()
    random = Random(seed)
    for pieces in (3, 20, 80):
        await tables.clear()
        await tables.apply(events, cuts=random.sample(range(1, len(events)), pieces))
        assert await tables.dump() == at_once
    return at_once


async def assert_rebuilt_equals_live(tables: Tables, events: Sequence[Recorded[Event]]) -> None:
    """After each event, whether the events before came one by one or all at once."""
    live: list[Rows] = []
    for event in events:
        await tables.apply_batch([event])
        live.append(await tables.dump())
    for length in range(1, len(events) + 1):
        await tables.clear()
        await tables.apply(events[:length])
        assert await tables.dump() == live[length - 1], f"after event {length}"


@asynccontextmanager
async def tables_in(
    server: EmbeddedPostgres, *, projection: Projection = RECORD
) -> AsyncGenerator[Tables]:
    """Of a new database."""
    url, owner_url = await new_database(server)
    await migrate(owner_url, url)
    tables = Tables(url, owner_url=owner_url, projection=projection)
    await tables.make()
    yield tables
    await tables.close()
