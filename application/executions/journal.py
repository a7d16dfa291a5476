"""The journal of one claimed execution: the only writer of its stream."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar, cast
from uuid import UUID

from application.ports import AnyRecorded, EventLog, LogUnavailable, StreamAppend, StreamConflict
from application.stop import JournalStopped, Stop
from domain import execution as domain
from domain.execution import Execution
from domain.execution_events import ExecutionEvent, ExecutionProgressed, ExecutionStarted
from domain.recorded import Recorded

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 0.2

T = TypeVar("T")


class ExecutionJournal:
    """Writes one event at a time, at the version that it knows. The log being away is no error.

    `on_stop` is called when there is a reason to stop, and must not wait.
    """

    def __init__(
        self,
        log: EventLog,
        execution: Execution,
        *,
        on_stop: Callable[[], None],
        progress_seconds: float,
    ) -> None:
        assert execution.worker_id is not None
        self.execution = execution  # as far as this worker knows
        self.stopped: Stop | None = None
        self._worker_id: UUID = execution.worker_id
        self._log = log
        self._on_stop = on_stop
        self._progress_seconds = progress_seconds
        self._one = asyncio.Lock()
        self._progress: ExecutionProgressed | None = None  # said, and not yet on its way
        self._reporting: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def actor(self) -> str:
        """By which the log knows who holds the execution."""
        return f"worker:{self._worker_id}"

    def progress(self, event: ExecutionProgressed) -> None:
        """Write it soon, unless something newer comes before. Returns at once, never fails."""
        if self.stopped or self._closed:
            return
        self._progress = event
        if self._reporting is None or self._reporting.done():
            self._reporting = asyncio.create_task(self._report())

    async def append(self, event: ExecutionEvent) -> None:
        """Returns once it is durable. Raises JournalStopped when it will not be."""
        async with self._one:
            while self.stopped is None:
                if await self._written(event):
                    return
                await self.look()
        raise JournalStopped

    async def close(self) -> None:
        """Wait until nothing of ours is under way; progress that waits or comes is dropped."""
        self._closed = True
        async with self._one:
            if self._reporting is not None:
                self._reporting.cancel()

    async def look(self) -> None:
        """Read what strangers have appended: a request to cancel, or a claim over our head.

        Safe at any time and any number of times. While the log is away it keeps trying.
        """
        read = partial(self._log.read_stream, self.execution.id, after=self.execution.version)
        with suppress(JournalStopped):
            for one in await self.insist(read):
                self._learn(one)

    async def insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` answers, asked again while the log is away; it must be safe to repeat.

        Raises JournalStopped where the execution is another worker's.
        """
        while self.stopped is not Stop.FENCED:
            try:
                return await ask()
            except LogUnavailable:
                await asyncio.sleep(AGAIN_SECONDS)
        raise JournalStopped

    def stop(self, why: Stop) -> None:
        """The first reason holds, but for a fence. Safe to repeat."""
        if self.stopped is None or (why is Stop.FENCED and self.stopped is not why):
            self.stopped = why
            self._on_stop()

    def fence_unless_moved(self, version: int) -> None:
        """We were refused at this version: somebody must have been there, else nobody knows why."""
        if self.execution.version == version and not self.stopped:
            logger.error("execution %s was refused and nobody was quicker", self.execution.id)
            self.stop(Stop.FENCED)

    async def _written(self, event: ExecutionEvent) -> bool:
        execution = self.execution
        append = StreamAppend(
            execution.id, execution.version, [event], execution.thread_id, execution.owner_id
        )
        try:
            [recorded] = await self._log.append(append, actor=self.actor)
        except StreamConflict:
            await self.look()
            self.fence_unless_moved(execution.version)
            return False
        self._learn(recorded)
        return True

    async def _report(self) -> None:
        while (event := self._progress) is not None:
            self._progress = None
            try:
                await self.append(event)
            except JournalStopped:
                return
            except Exception:
                logger.exception("progress of execution %s is lost", self.execution.id)
            await asyncio.sleep(self._progress_seconds)

    def _learn(self, recorded: AnyRecorded) -> None:
        if recorded.version <= self.execution.version:
            return
        event = cast("Recorded[ExecutionEvent]", recorded)
        self.execution = domain.evolve(self.execution, event)
        taken = (
            isinstance(event.event, ExecutionStarted) and event.event.worker_id != self._worker_id
        )
        if taken or self.execution.ended:
            self.stop(Stop.FENCED)
        elif self.execution.cancel_requested:
            self.stop(Stop.CANCELLED)
