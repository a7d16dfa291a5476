"""Runs one kind of work in this process, as much at once as it has slots."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine, Set
from typing import Any
from uuid import UUID

from application.ports import LogUnavailable
from infrastructure.worker.open_runs import OpenRuns
from infrastructure.worker.resting import Resting
from infrastructure.worker.work import CannotRunHere, Run, Work

logger = logging.getLogger(__name__)


class Runner:
    """Claims what is open and lets it run."""

    def __init__(
        self,
        *,
        work: Work,
        open_runs: OpenRuns,
        worker_id: UUID,
        slots: int,
    ) -> None:
        self._work = work
        self._open_runs = open_runs
        self._worker_id = worker_id
        self._slots = slots
        self._taken: set[UUID] = set()  # being claimed or running
        self._runs: dict[UUID, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._freed = asyncio.Event()
        self._draining = False
        self._unsound = Resting()

    @property
    def free_slots(self) -> int:
        """How many more runs this process takes."""
        return 0 if self._draining else self._slots - len(self._taken)

    async def run(self, run_id: UUID, *, dead: Set[UUID] = frozenset()) -> None:
        """Claim it, unless somebody holds it who is not `dead`, and see it through.

        Without a free slot, or when it is already ours, nothing happens: what stays open is found
        again. What could not even be looked at rests for a while, each time longer.
        """
        if self.free_slots <= 0 or run_id in self._taken:
            return
        if self._unsound.rests(run_id, now=time.monotonic()):
            return
        self._taken.add(run_id)
        try:
            await self._claim_and_run(run_id, dead=dead)
        except LogUnavailable as error:
            logger.debug("not claimed now: %s", error)  # the next look tries again
        except CannotRunHere:
            self._unsound.rest(run_id, now=time.monotonic())
        except Exception:
            pause = self._unsound.rest(run_id, now=time.monotonic())
            logger.exception("%s %s rests for %.0f s", self._work.kind, run_id, pause)
        finally:
            self._taken.discard(run_id)

    async def _claim_and_run(self, run_id: UUID, *, dead: Set[UUID]) -> None:
        run = await self._work.take(run_id, dead=dead)
        if run is None:
            return
        self._runs[run_id] = run
        if self._draining:
            run.hand_over()
        ended = "fenced"
        try:
            ended = await run.finished()
        finally:
            del self._runs[run_id]
            self._freed.set()
            if ended == "fenced":  # in truth, or so it believes
                with contextlib.suppress(LogUnavailable):
                    await self._open_runs.give_up(run_id, worker_id=self._worker_id)

    def begin(self, run_id: UUID, *, dead: Set[UUID] = frozenset()) -> asyncio.Task[None]:
        """As `run`, in a task that `drain` waits for."""
        return self._spawn(self.run(run_id, dead=dead))

    def cancel(self, run_id: UUID) -> None:
        """Somebody asked to cancel it: let its run look at the log. Safe to repeat."""
        if (run := self._runs.get(run_id)) is not None:
            self._spawn(run.look())

    async def look(self) -> None:
        """Begin what is open and unclaimed, as far as there are slots."""
        if (free := self.free_slots) > 0:
            resting = self._unsound.resting(now=time.monotonic())
            found = await self._open_runs.unclaimed(self._work.kind, limit=free, but=resting)
            for run_id in found:
                self.begin(run_id)

    async def look_for_ever(self, *, every_seconds: float = 1.0) -> None:
        """Look when a slot becomes free and every second anyway: the same with or without Redis."""
        while True:
            self._freed.clear()
            try:
                await self.look()
            except LogUnavailable:
                logger.debug("no look at open runs", exc_info=True)
            try:
                await asyncio.wait_for(self._freed.wait(), every_seconds)
            except TimeoutError:
                continue

    async def drain(self, *, seconds: float, hand_over_seconds: float) -> None:
        """Take nothing more, wait for what runs, then hand the rest over to other workers."""
        self._draining = True
        await self._wait(seconds)
        for patience in (hand_over_seconds / 2, hand_over_seconds / 2):
            for run in list(self._runs.values()):
                run.hand_over()  # asked again, it waits for nothing any more
            await self._wait(patience)
        with contextlib.suppress(LogUnavailable):  # then they are found by our missing heartbeat
            await self._open_runs.release(self._worker_id, kind=self._work.kind)

    async def _wait(self, seconds: float) -> None:
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a task of the runner failed", exc_info=error)
