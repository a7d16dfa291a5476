"""Makes a read model again beside the one that readers see, and swaps the two."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from application.at_end import append_at_end
from domain.ids import projection_stream
from domain.operation_events import ProjectionSwapped
from domain.refusals import Refusal
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.connection import PROJECTOR, connected
from infrastructure.event_log.reader import LogReader
from infrastructure.projecting.analyst_views import try_publish
from infrastructure.projecting.follower import BATCH, Follower, follow
from infrastructure.read_database import is_lock_trouble, projector_engine
from projections import checkpoints, slots
from projections.checkpoints import Checkpoint, Slot
from projections.projection import Poisoned, Projection

LOCK = "SELECT pg_try_advisory_lock(hashtextextended('threadlog.rebuild.' || $1, 0))"
LOCK_MILLISECONDS = 300  # readers wait so long for a view that waits for another reader
AGAIN_SECONDS = 1.0


class RebuildIsRunning(Refusal):
    """It is being made again already."""


class NothingToRollBackTo(Refusal):
    """There is no copy before this one that this version of Threadlog could keep."""


class TablesAreNewer(Refusal):
    """Its tables were made by a newer version of Threadlog; this one leaves them alone."""


class TablesDiffer(Refusal):
    """Its tables are not those of this code, though of its version: make them again."""


@dataclass(frozen=True)
class Progress:
    """How far the copy is, on the way to the log's end."""

    position: int
    last: int


Tell = Callable[[Progress], None]


def tell_nobody(_: Progress) -> None:
    """Where nobody wants to know."""


async def rebuild(
    url: str,
    projection: Projection,
    *,
    actor: str,
    tell: Tell = tell_nobody,
    codec: Codec | None = None,
) -> int:
    """Fill the other copy from the whole log, then let readers see it; up to which position.

    The copy before stays for `roll_back`. Killed at any moment it goes on where it was. Raises
    RebuildIsRunning, TablesAreNewer, Poisoned, and LogUnavailable.
    """
    async with _site(url, projection, codec=codec or Codec(), tell=tell) as site:
        return await site.fill_and_swap(await site.copy_to_fill(), actor=actor)


async def roll_back(
    url: str,
    projection: Projection,
    *,
    actor: str,
    tell: Tell = tell_nobody,
    codec: Codec | None = None,
) -> int:
    """Let the copy before catch up, then let readers see it again; up to which position.

    Raises NothingToRollBackTo, and as `rebuild`.
    """
    async with _site(url, projection, codec=codec or Codec(), tell=tell) as site:
        return await site.fill_and_swap(await site.copy_before(), actor=actor)


@asynccontextmanager
async def _site(
    url: str, projection: Projection, *, codec: Codec, tell: Tell
) -> AsyncGenerator["_Site"]:
    """Nobody else works there. The lock is the session's: whoever is killed frees it."""
    async with connected(url, role=PROJECTOR) as connection:
        if not await connection.fetchval(LOCK, projection.name):
            raise RebuildIsRunning
        engine = projector_engine(url, connections=2)
        try:
            async with LogReader(url, role=PROJECTOR, connections=1) as reader:
                yield _Site(url, projection, engine, reader, codec, tell)
        finally:
            await engine.dispose()


@dataclass(frozen=True)
class _Site:
    """Where one copy is made while readers see the other."""

    url: str
    projection: Projection
    engine: AsyncEngine
    reader: LogReader
    codec: Codec
    tell: Tell

    async def copy_to_fill(self) -> Checkpoint:
        """One that was being made goes on, if it is of this version; else an empty one."""
        name, version = self.projection.name, self.projection.version
        async with self.engine.begin() as connection:
            active = await checkpoints.read_active(connection, name)
            if active is not None and active.version > version:
                raise TablesAreNewer
            slot: Slot = "blue" if active is None else slots.OTHER[active.slot]
            copy = await checkpoints.read_slot(connection, name, slot)
            if copy is not None and not copy.complete and await self._fits(connection, copy):
                return copy
            return await slots.begin(connection, self.projection, slot)

    async def copy_before(self) -> Checkpoint:
        """The one that readers saw before."""
        name = self.projection.name
        async with self.engine.connect() as connection:
            active = await checkpoints.read_active(connection, name)
            if active is not None:
                copy = await checkpoints.read_slot(connection, name, slots.OTHER[active.slot])
                if copy is not None and copy.complete and await self._fits(connection, copy):
                    return copy
        raise NothingToRollBackTo

    async def _fits(self, connection: AsyncConnection, copy: Checkpoint) -> bool:
        is_ours = copy.version == self.projection.version
        return is_ours and await slots.fits(connection, self.projection, copy.slot)

    async def fill_and_swap(self, copy: Checkpoint, *, actor: str) -> int:
        follower = await follow(
            self.engine, self.projection, copy, reader=self.reader, codec=self.codec
        )
        await self._fill(follower)
        while not await self._swap(follower, copy.slot):
            await asyncio.sleep(AGAIN_SECONDS)
            await self._fill(follower)
        await try_publish(self.engine)  # else whoever leads does it
        name, version = self.projection.name, self.projection.version
        swapped = ProjectionSwapped(name, version, follower.position)
        async with PostgresEventLog(self.url, connections=1) as log:
            await append_at_end(log, projection_stream(name), [swapped], actor=actor)
        return follower.position

    async def _fill(self, follower: Follower) -> None:
        """Until next to nothing is left. Raises Poisoned once that stands beside the checkpoint."""
        last = await self.reader.last_position()
        try:
            while await follower.step() == BATCH:
                last = max(last, follower.position)
                self.tell(Progress(follower.position, last))
        except Poisoned as poisoned:
            await follower.stop(poisoned)
            raise
        self.tell(Progress(last, last))

    async def _swap(self, follower: Follower, slot: Slot) -> bool:
        """One transaction: no position falls, no swap is half seen. False: a reader is in the way.

        While the active copy's checkpoint is locked it stays where it is, and ours gets beyond it.
        """
        name = self.projection.name
        try:
            async with self.engine.begin() as connection:
                await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_MILLISECONDS}ms'"))
                active = await checkpoints.read_active(connection, name, lock=True)
                if active is not None:
                    await follower.catch_up(active.position)
                await checkpoints.activate(connection, name, slot)
                await slots.show(connection, self.projection, slot)
        except DBAPIError as error:
            if not is_lock_trouble(error):
                raise
            return False
        return True
