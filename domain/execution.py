"""A background tool's execution: claimed by one worker at a time, ended exactly once."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from domain.recorded import Recorded
from domain.refusals import ExecutionHasEnded

Status: TypeAlias = Literal["pending", "running", "completed", "failed", "cancelled", "timed_out"]
Ending: TypeAlias = ExecutionFinished | ExecutionFailed | ExecutionCancelled | ExecutionTimedOut
ENDED: frozenset[Status] = frozenset(("completed", "failed", "cancelled", "timed_out"))


@dataclass(frozen=True)
class Execution:
    """What decisions about an execution need."""

    id: UUID
    dispatched: ExecutionDispatched
    version: int
    status: Status = "pending"
    attempt: int = 0
    worker_id: UUID | None = None
    cancel_requested: bool = False

    @property
    def ended(self) -> bool:
        """Has it reached its one final state?"""
        return self.status in ENDED

    def claim(self, worker_id: UUID) -> list[ExecutionEvent]:
        """A worker begins an attempt."""
        if self.ended:
            raise ExecutionHasEnded
        return [ExecutionStarted(self.attempt + 1, worker_id)]

    def progress(self, fraction: float, *, message: str | None = None) -> list[ExecutionEvent]:
        """How far it is; after the end nobody cares."""
        return [] if self.ended else [ExecutionProgressed(fraction, message)]

    def request_cancel(self, reason: str | None) -> list[ExecutionEvent]:
        """Asking twice, or too late, is not an error."""
        return [] if self.ended or self.cancel_requested else [ExecutionCancelRequested(reason)]

    def end(self, ending: Ending) -> list[ExecutionEvent]:
        """Exactly one ending counts: the first."""
        if self.ended:
            raise ExecutionHasEnded
        return [ending]


def begin(recorded: Recorded[ExecutionEvent]) -> Execution:
    """The state after the first event of a stream."""
    assert isinstance(recorded.event, ExecutionDispatched)
    return Execution(recorded.stream_id, recorded.event, recorded.version)


def evolve(execution: Execution, recorded: Recorded[ExecutionEvent]) -> Execution:
    """The state after one more event."""
    return replace(_changed(execution, recorded.event), version=recorded.version)


def _changed(execution: Execution, event: ExecutionEvent) -> Execution:
    match event:
        case ExecutionStarted():
            started = replace(execution, status="running", attempt=event.attempt)
            return replace(started, worker_id=event.worker_id)
        case ExecutionCancelRequested():
            return replace(execution, cancel_requested=True)
        case ExecutionFinished():
            return replace(execution, status="completed")
        case ExecutionFailed():
            return replace(execution, status="failed")
        case ExecutionCancelled():
            return replace(execution, status="cancelled")
        case ExecutionTimedOut():
            return replace(execution, status="timed_out")
        case ExecutionDispatched() | ExecutionProgressed():
            return execution
        case _:
            assert_never(event)
