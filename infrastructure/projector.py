"""The projector process: one leader follows the log and keeps the four tables of record."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from math import inf
from typing import Protocol, cast

from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncEngine

from application.ports import LogUnavailable
from domain.catalogue import Event
from domain.recorded import Recorded
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.connection import PROJECTOR, Connection, connect
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader, Scan
from infrastructure.read_database import driver_error, is_outage, projector_engine
from projections import checkpoints, group
from projections.checkpoints import CheckpointMoved
from projections.group import RECORD, Poisoned

BATCH = 1000  # events
PACE_SECONDS = 0.05  # between two looks at the log, so that a busy log is taken in batches
EMPTY_PACE_SECONDS = 0.1  # after a look that found only chunks: answers are being typed
SKIP_SECONDS = 0.25  # between two checkpoints where there is nothing to apply
STANDBY_SECONDS = 0.5  # between two tries to lead
LONGEST_PAUSE_SECONDS = 1.0  # between two tries to reach the database

LEAD = "SELECT pg_try_advisory_lock(hashtextextended('threadlog.projector', 0))"

logger = logging.getLogger(__name__)


class Projector:
    """Any number may run: one leads, the others wait for its lock.

    It looks at the log when it is woken by an append, and every `poll_seconds`; at an event that
    cannot be applied it stands still and tries again every `retry_seconds`.
    """

    def __init__(
        self,
        url: str,
        *,
        codec: Codec | None = None,
        poll_seconds: float = 1.0,
        retry_seconds: float = 5.0,
    ) -> None:
        self._url = url
        self._codec = codec or Codec()
        self._poll_seconds = poll_seconds
        self._retry_seconds = retry_seconds
        self._pause = 0.0

    async def run(self) -> None:
        """Lead or wait for ever, through every outage of the database."""
        while True:
            try:
                await self._lead()
            except (CheckpointMoved, LogUnavailable) as error:
                await self._again(error)
            except Exception as error:
                if not is_outage(error):
                    raise
                await self._again(error)

    async def _again(self, error: Exception) -> None:
        if not self._pause:
            logger.warning("projector: starting again: %r", error)
        self._pause = min(self._pause * 2 or 0.1, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(self._pause)

    async def _lead(self) -> None:
        wake = asyncio.Event()
        async with (
            _leadership(self._url, wake=wake) as lock,
            LogReader(self._url, role=PROJECTOR, connections=1) as reader,
        ):
            engine = projector_engine(self._url)
            try:
                follower = await Follower.begin(engine, reader=reader, codec=self._codec)
                logger.info("projector: leads from position %d", follower.position)
                while not lock.is_closed():
                    await self._go_on(follower, wake)
                    self._pause = 0.0
            finally:
                await engine.dispose()
        raise ConnectionError("the connection that holds the lock is gone")

    async def _go_on(self, follower: "Follower", wake: asyncio.Event) -> None:
        """Apply what there is, then wait for more."""
        wake.clear()
        try:
            found = await follower.step()
        except Poisoned as poisoned:
            await follower.stop(poisoned)
            await asyncio.sleep(self._retry_seconds)
        else:
            if found < BATCH:
                await asyncio.sleep(PACE_SECONDS if found else EMPTY_PACE_SECONDS)
                await _wait(wake, seconds=min(self._poll_seconds, follower.due_in()))


class Listening(Connection, Protocol):
    """A connection that tells what happens to it."""

    async def add_listener(self, channel: str, callback: Callable[..., None]) -> None: ...


@asynccontextmanager
async def _leadership(url: str, *, wake: asyncio.Event) -> AsyncGenerator[Connection]:
    """Wait for the lock and hold it; `wake` is set by every append, and when the lock is lost.

    Asked for again and again: waiting inside PostgreSQL would hold back its vacuum.
    """

    def woken(*_: object) -> None:
        wake.set()

    connection = cast("Listening", await connect(url, role=PROJECTOR))
    try:
        connection.add_termination_listener(woken)
        while True:
            if await connection.fetchval(LEAD):
                break
            await asyncio.sleep(STANDBY_SECONDS)
        await connection.add_listener("chat_events", woken)
        yield connection
    finally:
        connection.terminate()


class Follower:
    """Applies the log from the checkpoint on. Use it only while leading."""

    def __init__(
        self, engine: AsyncEngine, *, reader: LogReader, codec: Codec, position: int
    ) -> None:
        self.position = position  # of the checkpoint
        self._engine = engine
        self._reader = reader
        self._codec = codec
        self._scanned = position  # up to here there is nothing left to apply
        self._moved = 0.0  # when the checkpoint was written
        self._stopped_at: int | None = None

    @staticmethod
    async def begin(engine: AsyncEngine, *, reader: LogReader, codec: Codec) -> "Follower":
        """Make what is missing and start from the checkpoint."""
        async with engine.begin() as connection:
            position = await group.prepare(connection)
        return Follower(engine, reader=reader, codec=codec, position=position)

    async def step(self) -> int:
        """Apply one batch; how many events it has. Raises Poisoned after what stands before it."""
        scan = await self._reader.read_after(self._scanned, limit=BATCH, chunks=False)
        if scan.entries:
            await self._apply_scan(scan)
        elif scan.through > self.position and self.due_in() == 0:
            await self._apply([], through=scan.through)
        self._scanned = scan.through
        return len(scan.entries)

    def due_in(self) -> float:
        """In how many seconds the checkpoint shall be written though nothing was applied."""
        if self._scanned == self.position:
            return inf
        return max(0.0, self._moved + SKIP_SECONDS - asyncio.get_running_loop().time())

    async def _apply_scan(self, scan: Scan) -> None:
        batch, poisoned = self._decode(scan.entries)
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

    def _decode(self, entries: Sequence[LogEntry]) -> tuple[list[Recorded[Event]], Poisoned | None]:
        """The events up to the first one that cannot be decoded, and that one's fault."""
        batch: list[Recorded[Event]] = []
        for entry in entries:
            try:
                batch.append(self._codec.decode(entry))
            except Exception as error:  # noqa: BLE001  # an upcaster may raise anything
                return batch, Poisoned(entry.position, f"{type(error).__name__}: {error}")
        return batch, None

    async def _apply(self, batch: Sequence[Recorded[Event]], *, through: int) -> None:
        """One transaction; halved where the database refuses a row, until that one is found."""
        if not batch and through == self.position:
            return
        try:
            async with self._engine.begin() as connection:
                await group.apply(connection, batch, after=self.position, through=through)
        except StatementError as error:
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

    async def stop(self, poisoned: Poisoned) -> None:
        """Say once, in the log file and beside the checkpoint, why nothing moves any more."""
        if self._stopped_at == poisoned.position:
            return
        fault = str(poisoned).encode("unicode_escape").decode()  # others name events as well
        logger.error("projector: %s stopped before %s", RECORD.name, fault)
        async with self._engine.begin() as connection:
            await checkpoints.stop(
                connection,
                RECORD,
                after=self.position,
                at=poisoned.position,
                error=poisoned.reason,
            )
        self._stopped_at = poisoned.position


async def _wait(wake: asyncio.Event, *, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass
