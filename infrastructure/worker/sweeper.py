"""The sweeper: takes over from dead workers and ends what nobody ends."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

from application.ports import LogUnavailable
from infrastructure.worker.judge import LOOK_SECONDS, Judge
from infrastructure.worker.open_runs import Kind, OpenRun, OpenRuns
from infrastructure.worker.overdue import Overdue
from infrastructure.worker.resting import Resting
from infrastructure.worker.runner import Runner
from infrastructure.worker.unheard import Unheard

SLOW_LOOK_SECONDS = 1.0
CANCEL_SECONDS = 2.0  # a worker that has not closed a cancelled run by then will not

logger = logging.getLogger(__name__)


class Ends(Protocol):
    """One kind's claims, as far as a sweeper needs them."""

    async def end_cancelled(self, run_id: UUID, /) -> None:
        """End from the log what was cancelled and has no worker that ends it. Safe to repeat."""
        ...


class Sweeper:
    """Every worker process has one; doing the same at once is harmless, the log has one winner.

    It takes over only what this process has a runner for, and ends what is cancelled of all kinds.
    """

    def __init__(
        self,
        *,
        open_runs: OpenRuns,
        runners: Mapping[Kind, Runner],
        claims: Mapping[Kind, Ends],
        overdue: Overdue,
        unheard: Unheard,
        worker_id: UUID,
    ) -> None:
        self._open_runs = open_runs
        self._runners = runners
        self._claims = claims
        self._overdue = overdue
        self._unheard = unheard
        self._worker_id = worker_id
        self._judge = Judge(now=time.monotonic())
        self._unsound = Resting()
        self._cancels: dict[OpenRun, float] = {}  # run -> when this sweeper saw the request first

    async def run(self) -> None:
        """Sweep for ever, through every outage of the database."""
        away = False
        while True:
            try:
                await self.sweep()
                away = False
            except LogUnavailable as error:
                if not away:
                    logger.warning("sweeper: %s", error)
                away = True
                self._judge.outage(now=time.monotonic())
            await asyncio.sleep(LOOK_SECONDS)

    async def sweep(self) -> None:
        """One look at all workers and all requests to cancel. Raises LogUnavailable."""
        now = time.monotonic()
        seen = await self._open_runs.look()
        if time.monotonic() - now > SLOW_LOOK_SECONDS:  # the database was away and came back
            self._judge.outage(now=time.monotonic())
        dead = self._judge.dead(seen, now=now) - {self._worker_id}
        if dead:
            resting = self._unsound.resting(now=now)
            for run in await self._open_runs.held_by(list(dead)):
                if run.id not in resting and (runner := self._runners.get(run.kind)):
                    runner.begin(run.id, dead=dead)
            await self._open_runs.forget(list(dead))
        await self._end_cancelled(now=now)
        await self._overdue.sweep(now=now)
        await self._unheard.sweep(now=now)

    async def _end_cancelled(self, *, now: float) -> None:
        open_now = await self._open_runs.cancelled()
        self._cancels = {run: self._cancels.get(run, now) for run in open_now}
        for run, since in self._cancels.items():
            if now - since >= CANCEL_SECONDS and not self._unsound.rests(run.id, now=now):
                await self._end(run, now=now)

    async def _end(self, run: OpenRun, *, now: float) -> None:
        try:
            await self._claims[run.kind].end_cancelled(run.id)
        except LogUnavailable:
            raise
        except Exception:
            pause = self._unsound.rest(run.id, now=now)
            told = run.kind, run.id, pause
            logger.exception("%s %s cannot be ended, rests for %.0f s", *told)
