"""The projector process: one leader keeps every read model, each at its own pace."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from application.ports import LogUnavailable
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.connection import PROJECTOR
from infrastructure.event_log.reader import LogReader
from infrastructure.leadership import Outage, leadership, wait_for
from infrastructure.projecting.analyst_views import AnalystViews
from infrastructure.projecting.follower import BATCH, Follower, follow
from infrastructure.projecting.requested_acts import RequestedActs
from infrastructure.projecting.swapping import (
    RebuildIsRunning,
    TablesAreNewer,
    TablesDiffer,
    rebuild,
)
from infrastructure.read_database import driver_error, is_outage, projector_engine
from projections import slots
from projections.checkpoints import Checkpoint, CheckpointMoved
from projections.projection import Poisoned, Projection
from projections.registry import BUILT_IN

EMPTY_PACE_SECONDS = 0.1  # at least, after a look that found only chunks: answers are being typed
AGAIN_SECONDS = 0.05  # after somebody else has moved a checkpoint
PAUSED_SECONDS = 0.5  # between two looks whether a paused read model may go on

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('threadlog.projector', 0))"

logger = logging.getLogger(__name__)


class Projector:
    """Any number may run: one leads, the others wait for its lock.

    It looks at the log when it is woken by an append, and every `poll_seconds`. A read model whose
    next event cannot be applied stands still, alone, and tries again every `retry_seconds`.
    """

    def __init__(
        self,
        url: str,
        *,
        projections: Sequence[Projection] = BUILT_IN,
        codec: Codec | None = None,
        poll_seconds: float = 1.0,
        retry_seconds: float = 5.0,
    ) -> None:
        self._url = url
        self._projections = projections
        self._codec = codec or Codec()
        self._poll_seconds = poll_seconds
        self._retry_seconds = retry_seconds
        self._outage = Outage("projector", logger=logger)

    async def run(self) -> None:
        """Lead or wait for ever, through every outage of the database."""
        while True:
            try:
                await self._lead()
            except Exception as error:
                if not isinstance(error, LogUnavailable) and not is_outage(error):
                    raise
                await self._outage.wait(error)

    async def _lead(self) -> None:
        size = len(self._projections)
        async with (
            leadership(LEAD, url=self._url, role=PROJECTOR) as lead,
            LogReader(self._url, role=PROJECTOR, connections=size + 1) as reader,
        ):
            logger.info("projector: leads")
            engine = projector_engine(self._url, connections=size + 1)
            views = AnalystViews(engine)
            asked = RequestedActs(
                self._url,
                self._projections,
                reader=reader,
                codec=self._codec,
                retry_seconds=self._retry_seconds,
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(lead.end())
                    tasks.create_task(views.run())
                    tasks.create_task(asked.run())
                    for projection in self._projections:
                        keeper = _Keeper(
                            projection, engine, reader, self._codec, lead.wake(), views.look
                        )
                        tasks.create_task(self._keep(keeper))
            except ExceptionGroup as group:
                raise group.exceptions[0] from None
            finally:
                await engine.dispose()

    async def _keep(self, keeper: "_Keeper") -> None:
        """One read model, until the leadership ends."""
        while True:
            try:
                follower = await keeper.begin(self._url)
                while True:
                    await self._go_on(follower, keeper.wake)
                    self._outage.over()
            except CheckpointMoved:
                await asyncio.sleep(AGAIN_SECONDS)
            except Poisoned as poisoned:
                keeper.tell(f"stopped before {poisoned}", level=logging.ERROR)
                await asyncio.sleep(self._retry_seconds)  # somebody may decide to skip it
            except (TablesAreNewer, TablesDiffer, RebuildIsRunning) as error:
                keeper.tell(str(error), level=logging.WARNING)
                await asyncio.sleep(self._retry_seconds)
            except DBAPIError as error:  # its tables cannot be made, or not be written
                if is_outage(error):
                    raise
                keeper.tell(f"cannot go on: {driver_error(error)!r}", level=logging.ERROR)
                await asyncio.sleep(self._retry_seconds)

    async def _go_on(self, follower: Follower, wake: asyncio.Event) -> None:
        """Apply what there is, then wait for more."""
        wake.clear()
        try:
            found = await follower.step()
        except Poisoned as poisoned:
            await follower.stop(poisoned)
            raise
        if found < BATCH:
            pace = follower.projection.pace_seconds
            await asyncio.sleep(pace if found else max(pace, EMPTY_PACE_SECONDS))
            await wait_for(wake, seconds=min(self._poll_seconds, follower.due_in()))


@dataclass
class _Keeper:
    """What keeps one read model while this process leads."""

    projection: Projection
    engine: AsyncEngine
    reader: LogReader
    codec: Codec
    wake: asyncio.Event
    ready: Callable[[], None]  # readers see a copy of this version
    told: str = ""

    async def begin(self, url: str) -> Follower:
        """Follows the copy that readers see, once there is one of this version that may move.

        Raises TablesAreNewer, TablesDiffer, and as `rebuild`.
        """
        copy = await self._copy_to_follow(url)
        self.ready()
        follower = await follow(
            self.engine, self.projection, copy, reader=self.reader, codec=self.codec
        )
        if not self.told:
            self.tell(f"follows from position {follower.position}")
        return follower

    async def _copy_to_follow(self, url: str) -> Checkpoint:
        """What is paused stands still: it is not even made again for a newer version."""
        while True:
            copy = await self._shown_copy()
            if copy is not None and copy.paused:
                await asyncio.sleep(PAUSED_SECONDS)
            elif copy is None or copy.version < self.projection.version:
                await rebuild(url, self.projection, actor="system", codec=self.codec)
            else:
                return copy

    async def _shown_copy(self) -> Checkpoint | None:
        async with self.engine.begin() as connection:
            copy = await slots.shown_copy(connection, self.projection)
            if copy is None or copy.version < self.projection.version:
                return copy
            if copy.version > self.projection.version:
                raise TablesAreNewer
            if not await slots.fits(connection, self.projection, copy.slot):
                raise TablesDiffer
            return copy

    def tell(self, what: str, *, level: int = logging.INFO) -> None:
        """Once, in printable characters: others name events as well."""
        if what != self.told:
            self.told = what
            shown = what.encode("unicode_escape").decode()
            logger.log(level, "projector: %s %s", self.projection.name, shown)
