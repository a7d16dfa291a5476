"""The two kinds of work that a worker process can do: answers, and background tools."""

import logging
import time
from collections.abc import Callable, Set
from typing import Protocol
from uuid import UUID

from application.claims import Claims
from application.engine import ChatEngine
from application.executions.claims import ExecutionClaims, UnknownTask
from application.executions.execution_run import ExecutionRun
from application.executions.parts import ExecutionParts
from infrastructure.worker.open_runs import Kind

WARN_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Run(Protocol):
    """Something that has been claimed and runs."""

    async def finished(self) -> object:
        """Wait for its end."""
        ...

    async def look(self) -> None:
        """There may be a request to cancel in the log: look at once. Safe at any time."""
        ...

    def hand_over(self) -> None:
        """Stop, and leave it to another worker."""
        ...


class Work(Protocol):
    """One kind of open runs, and how one of them is begun."""

    @property
    def kind(self) -> Kind:
        """As in `open_runs`."""
        ...

    async def take(self, run_id: UUID, *, dead: Set[UUID]) -> Run | None:
        """Claim and start it; None: it is not ours. Raises CannotRunHere, which it has logged."""
        ...


class CannotRunHere(Exception):
    """This process cannot run it; another one may."""


class Answering:
    """Completions, answered by the engine."""

    kind: Kind = "completion"

    def __init__(self, *, claims: Claims, engine: ChatEngine) -> None:
        self._claims = claims
        self._engine = engine

    async def take(self, run_id: UUID, *, dead: Set[UUID]) -> Run | None:
        """See Work."""
        try:
            completion = await self._claims.claim(run_id, dead=dead, meanwhile=self._engine.foresee)
            return None if completion is None else self._engine.start(completion)
        finally:
            self._engine.forget(run_id)


class BackgroundTools:
    """Executions, each run by its task."""

    kind: Kind = "tool"

    def __init__(
        self,
        *,
        claims: ExecutionClaims,
        parts: ExecutionParts,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._claims = claims
        self._parts = parts
        self._clock = clock
        self._warned: dict[str, float] = {}  # task -> when

    async def take(self, run_id: UUID, *, dead: Set[UUID]) -> Run | None:
        """See Work."""
        try:
            claimed = await self._claims.claim(run_id, dead=dead)
        except UnknownTask as unknown:
            self._warn(str(unknown))
            raise CannotRunHere from unknown
        return None if claimed is None else ExecutionRun(self._parts, claimed)

    def _warn(self, task: str) -> None:
        now = self._clock()
        if now - self._warned.get(task, -WARN_SECONDS) >= WARN_SECONDS:
            self._warned[task] = now
            logger.warning("no module of THREADLOG_AGENTS declares the task %s: it waits", task)
