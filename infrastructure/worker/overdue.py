"""Background tools whose result was to come from outside, and whose time has passed."""

import logging
from uuid import UUID

from application.commands.executions import end_overdue, load_execution
from application.ports import EventLog, LogUnavailable
from application.turns import Turns
from infrastructure.worker.open_runs import OpenRuns
from infrastructure.worker.resting import Resting

LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Overdue:
    """Ends them. It remembers how long each may take, and reads each one's stream only once."""

    def __init__(
        self, log: EventLog, *, turns: Turns, open_runs: OpenRuns, worker_id: UUID
    ) -> None:
        self._log = log
        self._turns = turns
        self._open_runs = open_runs
        self._actor = f"worker:{worker_id}"
        self._timeouts: dict[UUID, int | None] = {}
        self._unsound = Resting()
        self._next_look = 0.0

    async def sweep(self, *, now: float) -> None:
        """Look once a second, however often asked (`now`: monotonic). Raises LogUnavailable."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        awaited = await self._open_runs.awaited()
        ids = {run.id for run in awaited}
        self._timeouts = {run: known for run, known in self._timeouts.items() if run in ids}
        for run in awaited:
            if not self._unsound.rests(run.id, now=now):
                await self._end_if_overdue(run.id, seconds=run.seconds, now=now)

    async def _end_if_overdue(self, run: UUID, *, seconds: float, now: float) -> None:
        try:
            if run not in self._timeouts:
                execution = await load_execution(self._log, run)
                self._timeouts[run] = execution and execution.dispatched.timeout_seconds
            timeout = self._timeouts[run]
            if timeout is not None and seconds >= timeout:
                await end_overdue(self._log, self._turns, run, actor=self._actor)
        except LogUnavailable:
            raise
        except Exception:
            pause = self._unsound.rest(run, now=now)
            logger.exception("tool %s cannot be ended, rests for %.0f s", run, pause)
