"""One copy of a read model follows the log from its checkpoint, batch by batch."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.catalogue import BY_TYPE, Event
from domain.ids import projection_stream
from domain.operation_events import ProjectionSkipped
from domain.recorded import Recorded
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader, Scan
from infrastructure.read_database import driver_error, is_outage
from projections import checkpoints
from projections.applying import apply
from projections.checkpoints import Checkpoint, CheckpointMoved
from projections.projection import Poisoned, Projection

BATCH = 1000  # events
SKIP_SECONDS = 0.25  # between two checkpoints where there is nothing to apply
SKIPPED = BY_TYPE[ProjectionSkipped].name

Wanted: TypeAlias = Callable[[LogEntry], bool]


class Follower:
    """Applies the log from the checkpoint on. Only one at a time gets on: see `checkpoints`."""

    def __init__(
        self,
        engine: AsyncEngine,
        projection: Projection,
        copy: Checkpoint,
        *,
        reader: LogReader,
        codec: Codec,
        is_wanted: Wanted,
    ) -> None:
        self.projection = projection
        self.position: int = copy.position  # of the checkpoint
        self._engine = engine
        self._copy = copy
        self._reader = reader
        self._codec = codec
        self._is_wanted = is_wanted
        self._scanned = copy.position  # up to here there is nothing left to apply
        self._moved = 0.0  # when the checkpoint was written
        self._stopped_at = copy.stopped_at

    async def step(self) -> int:
        """Look at one batch; how many events it has. Raises Poisoned after what stands before."""
        scan = await self._reader.read_after(self._scanned, limit=BATCH, chunks=False)
        wanted = [entry for entry in scan.entries if self._is_wanted(entry)]
        if wanted:
            await self._apply_scan(replace(scan, entries=wanted))
        elif scan.through > self.position and self.due_in() == 0:
            await self._apply([], through=scan.through)
        self._scanned = scan.through
        return len(scan.entries)

    async def catch_up(self, through: int) -> None:
        """Get as far as this position, which is in the log. Raises Poisoned."""
        while self.position < through:
            await self.step()
            await self._apply([], through=self._scanned)

    def due_in(self) -> float:
        """In how many seconds the checkpoint shall be written though nothing was applied."""
        if self._scanned == self.position:
            return inf
        return max(0.0, self._moved + SKIP_SECONDS - asyncio.get_running_loop().time())

    async def stop(self, poisoned: Poisoned) -> None:
        """Write beside the checkpoint why nothing moves any more; safe to repeat."""
        if self._stopped_at == poisoned.position:
            return
        async with self._engine.begin() as connection:
            await checkpoints.stop(
                connection,
                self._copy,
                after=self.position,
                at=poisoned.position,
                error=poisoned.reason,
            )
        self._stopped_at = poisoned.position

    async def _apply_scan(self, scan: Scan) -> None:
        batch, poisoned = decoded(scan.entries, codec=self._codec)
        through = poisoned.position - 1 if poisoned else scan.through
        try:
            await self._apply(batch, through=through)
        except Poisoned as earlier:
            done = self.position
            before = [one for one in batch if done < one.position < earlier.position]
            await self._apply(before, through=earlier.position - 1)
            raise
        if poisoned:
            raise poisoned

    async def _apply(self, batch: Sequence[Recorded[Event]], *, through: int) -> None:
        """One transaction; halved where the database refuses a row, until that one is found."""
        if not batch and through == self.position:
            return
        try:
            async with self._engine.begin() as connection:
                await apply(
                    connection,
                    self.projection,
                    batch,
                    copy=self._copy,
                    after=self.position,
                    through=through,
                )
        except (Poisoned, CheckpointMoved):
            raise
        except Exception as error:
            if is_outage(error) or not batch:
                raise
            if len(batch) == 1:
                raise Poisoned(batch[0].position, repr(driver_error(error))) from error
            middle = len(batch) // 2
            await self._apply(batch[:middle], through=batch[middle].position - 1)
            await self._apply(batch[middle:], through=through)
        else:
            self.position = self._scanned = through
            self._moved = asyncio.get_running_loop().time()
            self._stopped_at = None


def decoded(
    entries: Sequence[LogEntry], *, codec: Codec
) -> tuple[list[Recorded[Event]], Poisoned | None]:
    """The events up to the first one that cannot be decoded, and that one's fault."""
    batch: list[Recorded[Event]] = []
    for entry in entries:
        try:
            batch.append(codec.decode(entry))
        except Exception as error:  # noqa: BLE001  # an upcaster may raise anything
            return batch, Poisoned(entry.position, f"{type(error).__name__}: {error}")
    return batch, None


async def follow(
    engine: AsyncEngine,
    projection: Projection,
    copy: Checkpoint,
    *,
    reader: LogReader,
    codec: Codec,
) -> Follower:
    """A follower that passes over what operators have decided to skip. Raises LogUnavailable."""
    is_wanted = await wanted_by(projection, reader=reader, codec=codec)
    return Follower(engine, projection, copy, reader=reader, codec=codec, is_wanted=is_wanted)


async def wanted_by(projection: Projection, *, reader: LogReader, codec: Codec) -> Wanted:
    """Is an event, not a chunk, one to be applied? Not what operators have decided to skip."""
    stream = await reader.read_stream(projection_stream(projection.name))
    skipped = skipped_by(stream, projection, codec=codec)
    names = names_of(projection)

    def is_wanted(entry: LogEntry) -> bool:
        return entry.position not in skipped and (names is None or entry.name in names)

    return is_wanted


def skipped_by(
    stream: Sequence[LogEntry], projection: Projection, *, codec: Codec
) -> frozenset[int]:
    """Positions that operators have decided to skip, as the projection's own stream says."""
    acts = [codec.decode(entry).event for entry in stream if entry.name == SKIPPED]
    return frozenset(
        act.position
        for act in acts
        if isinstance(act, ProjectionSkipped) and act.version == projection.version
    )


def names_of(projection: Projection) -> frozenset[str] | None:
    """Of the events that it is given; None: of all but chunks."""
    if projection.events is None:
        return None
    return frozenset(BY_TYPE[kind].name for kind in projection.events)
