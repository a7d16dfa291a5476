"""Claims: how a worker takes a background tool, and how one that nobody can finish is ended."""

from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from application.commands.executions import load_execution
from application.executions.lifecycle import Lifecycle
from application.ports import EventLog, StreamAppend, StreamConflict
from application.turns import Turns
from domain import execution as domain
from domain.execution import Ending, Execution
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionEvent,
    ExecutionFailed,
    ExecutionTimedOut,
)
from domain.recorded import Recorded

LOST = "The worker that ran the tool went away: how far it came is not known."


class UnknownTask(Exception):
    """No module of this process declares the task."""


@dataclass(frozen=True)
class Claimed:
    """An execution that is this worker's own."""

    execution: Execution
    lifecycle: Lifecycle
    seconds_left: float | None  # None: all the time


class ExecutionClaims:
    """Takes executions for one worker process."""

    def __init__(
        self,
        log: EventLog,
        *,
        turns: Turns,
        worker_id: UUID,
        is_unclaimed: Callable[[UUID], Awaitable[bool]],
        seconds_since: Callable[[int], Awaitable[float]],
        find: Callable[[str], Lifecycle | None],
    ) -> None:
        """`seconds_since` a position: on the log's own clock, for no two others are compared."""
        self._log = log
        self._turns = turns
        self._worker_id = worker_id
        self._is_unclaimed = is_unclaimed
        self._seconds_since = seconds_since
        self._find = find
        self._actor = f"worker:{worker_id}"

    async def claim(self, execution_id: UUID, *, dead: Set[UUID] = frozenset()) -> Claimed | None:
        """None: ended, ended by this call, or somebody holds it who is not `dead`.

        Raises UnknownTask, and leaves it as it is, where this process cannot run it.
        """
        execution = await load_execution(self._log, execution_id)
        if execution is None or execution.ended or execution.from_outside:
            return None
        if not await self._is_free(execution, dead):
            return None
        try:
            ending, seconds_left = await self._judge(execution)
            if ending is not None:
                await self._end(execution, ending)
                return None
            return await self._take(execution, seconds_left=seconds_left)
        except StreamConflict:
            return None

    async def end_cancelled(self, execution_id: UUID) -> None:
        """End what was cancelled and has no worker that ends it. Safe to repeat."""
        execution = await load_execution(self._log, execution_id)
        if execution is None or execution.ended or not execution.cancel_requested:
            return
        try:
            await self._end(execution, _cancelled(execution))
        except StreamConflict:
            return  # its worker was quicker after all

    async def _is_free(self, execution: Execution, dead: Set[UUID]) -> bool:
        if execution.attempt == 0 or execution.worker_id in dead:
            return True
        return await self._is_unclaimed(execution.id)

    async def _judge(self, execution: Execution) -> tuple[Ending | None, float | None]:
        """How it ends without being begun again, if so; else the seconds that it has."""
        timeout_seconds = execution.dispatched.timeout_seconds
        if execution.cancel_requested:
            return _cancelled(execution), 0
        if execution.begun_at is None:
            return None, timeout_seconds
        if execution.attempts_used_up:
            return ExecutionFailed("outcome_unknown", LOST), 0
        if timeout_seconds is None:
            return None, None
        seconds_left = timeout_seconds - await self._seconds_since(execution.begun_at)
        if seconds_left <= 0:
            return ExecutionTimedOut(timeout_seconds), 0
        return None, seconds_left

    async def _take(self, execution: Execution, *, seconds_left: float | None) -> Claimed:
        task = execution.dispatched.task
        lifecycle = self._find(task) if task else None
        if lifecycle is None:
            raise UnknownTask(task)
        append = StreamAppend(
            execution.id,
            execution.version,
            execution.claim(self._worker_id),
            execution.thread_id,
            execution.owner_id,
        )
        [started] = await self._log.append(append, actor=self._actor)
        claimed = domain.evolve(execution, cast("Recorded[ExecutionEvent]", started))
        return Claimed(claimed, lifecycle, seconds_left)

    async def _end(self, execution: Execution, ending: Ending) -> None:
        await self._turns.end_tool(execution, events=execution.end(ending), actor=self._actor)


def _cancelled(execution: Execution) -> ExecutionCancelled:
    return ExecutionCancelled(execution.cancel_reason)
