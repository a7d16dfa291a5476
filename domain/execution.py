"""A background tool's execution: claimed by one worker at a time, ended exactly once."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from domain.execution_events import (
    ExecutionAwaited,
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
    thread_id: UUID
    owner_id: UUID
    version: int
    position: int  # of its last event
    status: Status = "pending"
    attempt: int = 0
    begun_at: int | None = None  # position of the first attempt's claim
    worker_id: UUID | None = None
    cancel_requested: bool = False
    cancel_reason: str | None = None
    ending: Ending | None = None

    @property
    def ended(self) -> bool:
        """Has it reached its one final state?"""
        return self.status in ENDED

    @property
    def from_outside(self) -> bool:
        """Does somebody outside work on it?"""
        return self.dispatched.task is None

    @property
    def attempts_used_up(self) -> bool:
        """May it not be begun again?"""
        return self.attempt > self.dispatched.retries

    def claim(self, worker_id: UUID) -> list[ExecutionEvent]:
        """A worker begins an attempt."""
        if self.ended:
            raise ExecutionHasEnded
        return [ExecutionStarted(self.attempt + 1, worker_id)]

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
    assert recorded.thread_id is not None
    assert recorded.owner_id is not None
    return Execution(
        id=recorded.stream_id,
        dispatched=recorded.event,
        thread_id=recorded.thread_id,
        owner_id=recorded.owner_id,
        version=recorded.version,
        position=recorded.position,
    )


def evolve(execution: Execution, recorded: Recorded[ExecutionEvent]) -> Execution:
    """The state after one more event."""
    changed = _changed(execution, recorded)
    return replace(changed, version=recorded.version, position=recorded.position)


def _changed(execution: Execution, recorded: Recorded[ExecutionEvent]) -> Execution:
    match event := recorded.event:
        case ExecutionStarted():
            begun_at = recorded.position if execution.begun_at is None else execution.begun_at
            started = replace(execution, status="running", begun_at=begun_at)
            return replace(started, attempt=event.attempt, worker_id=event.worker_id)
        case ExecutionCancelRequested():
            return replace(execution, cancel_requested=True, cancel_reason=event.reason)
        case ExecutionFinished():
            return replace(execution, status="completed", ending=event)
        case ExecutionFailed():
            return replace(execution, status="failed", ending=event)
        case ExecutionCancelled():
            return replace(execution, status="cancelled", ending=event)
        case ExecutionTimedOut():
            return replace(execution, status="timed_out", ending=event)
        case ExecutionDispatched() | ExecutionAwaited() | ExecutionProgressed():
            return execution
        case _:
            assert_never(event)
