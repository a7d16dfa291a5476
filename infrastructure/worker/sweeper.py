"""The sweeper: takes over from dead workers and ends what nobody ends."""

import asyncio
import logging
import time
from uuid import UUID

from application.claims import Claims
from application.ports import LogUnavailable
from infrastructure.worker.judge import LOOK_SECONDS, Judge
from infrastructure.worker.open_runs import OpenRuns
from infrastructure.worker.runner import Runner

CANCEL_SECONDS = 2.0  # a worker that has not closed a cancelled run by then will not

logger = logging.getLogger(__name__)


class Sweeper:
    """Every worker process has one; doing the same at once is harmless, the log has one winner."""

    def __init__(
        self, *, open_runs: OpenRuns, runner: Runner, claims: Claims, worker_id: UUID
    ) -> None:
        self._open_runs = open_runs
        self._runner = runner
        self._claims = claims
        self._worker_id = worker_id
        self._judge = Judge(now=time.monotonic())
        self._cancels: dict[UUID, float] = {}  # run -> when this sweeper saw the request first

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
        """One look at all workers and all requests to cancel."""
        now = time.monotonic()
        dead = self._judge.dead(await self._open_runs.look(), now=now) - {self._worker_id}
        if dead:
            for completion_id in await self._open_runs.held_by(list(dead)):
                self._runner.begin(completion_id, lost=True)
            await self._open_runs.forget(list(dead))
        await self._end_cancelled(now=now)

    async def _end_cancelled(self, *, now: float) -> None:
        open_now = await self._open_runs.cancelled()
        self._cancels = {run: self._cancels.get(run, now) for run in open_now}
        for run, since in self._cancels.items():
            if now - since >= CANCEL_SECONDS:
                await self._claims.end_cancelled(run)
