"""Answers that wait for an approval while their user has written something else."""

import logging
from uuid import UUID

from application.commands.approvals import deny_if_steered
from application.ports import EventLog, LogUnavailable
from application.threads import Threads
from infrastructure.worker.open_runs import OpenRuns

LOOK_SECONDS = 5.0
AGAIN_SECONDS = 60.0  # between two looks at the same one

logger = logging.getLogger(__name__)


class Unheard:
    """Lets them go on. Who writes and who lets wait see to it themselves, unless they die then."""

    def __init__(
        self, log: EventLog, *, threads: Threads, open_runs: OpenRuns, worker_id: UUID
    ) -> None:
        self._log = log
        self._threads = threads
        self._open_runs = open_runs
        self._actor = f"worker:{worker_id}"
        self._due: dict[UUID, float] = {}  # run -> when to look at it
        self._next_look = 0.0

    async def sweep(self, *, now: float) -> None:
        """Look now and then, however often asked (`now`: monotonic). Raises LogUnavailable."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        waiting = await self._open_runs.waiting("completion")
        self._due = {run: self._due.get(run, now) for run in waiting}
        for run in [run for run, due in self._due.items() if due <= now]:
            self._due[run] = now + AGAIN_SECONDS
            await self._look(run)

    async def _look(self, run: UUID) -> None:
        try:
            await deny_if_steered(self._log, self._threads, run, actor=self._actor)
        except LogUnavailable:
            raise
        except Exception:
            logger.exception("completion %s cannot be looked at", run)
