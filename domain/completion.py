"""A completion: one answer, claimed by one worker at a time, ended exactly once."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from domain.completion_events import (
    ApprovalAnswered,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionEvent,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionRequested,
    CompletionStarted,
    CompletionWaiting,
    InputTaken,
    InterruptReason,
    MessageRecorded,
    ModelRequested,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
)
from domain.recorded import Recorded
from domain.refusals import CompletionHasEnded, ToolCallHasItsResult, ToolCallIsUnknown

Status: TypeAlias = Literal["pending", "processing", "waiting", "completed", "cancelled", "failed"]
ENDED: frozenset[Status] = frozenset(("completed", "cancelled", "failed"))
AUTOMATIC_RETRIES = 2  # after that many lost workers the next loss ends the completion


@dataclass(frozen=True)
class Completion:
    """What decisions about a completion need."""

    id: UUID
    thread_id: UUID
    owner_id: UUID
    message_id: UUID
    agent: str
    model: str | None
    requested_at: int  # position
    version: int
    position: int  # of its last event
    status: Status = "pending"
    attempt: int = 0
    worker_id: UUID | None = None
    started_at: int = 0  # position of the present attempt's claim
    lost_workers: int = 0
    cancel_requested: bool = False
    cancel_reason: str | None = None
    calls: Mapping[str, bool] = field(
        default_factory=dict[str, bool]
    )  # tool call -> has its result

    @property
    def ended(self) -> bool:
        """Has it reached its one final state?"""
        return self.status in ENDED

    @property
    def open_calls(self) -> list[str]:
        """Tool calls that have no result yet."""
        return [call for call, returned in self.calls.items() if not returned]

    @property
    def attempts_used_up(self) -> bool:
        """Would one more lost worker be one too many?"""
        return self.lost_workers >= AUTOMATIC_RETRIES

    def claim(
        self, worker_id: UUID, *, after: InterruptReason | None = None, kept_through: int = 0
    ) -> list[CompletionEvent]:
        """A worker begins an attempt; `after` tells why the one before it did not end."""
        if self.ended:
            raise CompletionHasEnded
        started = CompletionStarted(self.attempt + 1, worker_id)
        if after is None:
            assert self.attempt == 0
            return [started]
        return [CompletionInterrupted(self.attempt, kept_through, after), started]

    def request_cancel(self, reason: str | None) -> list[CompletionEvent]:
        """Asking twice, or too late, is not an error."""
        return [] if self.ended or self.cancel_requested else [CancelRequested(reason)]

    def return_tool(self, returned: ToolReturned) -> list[CompletionEvent]:
        """Every tool call has exactly one result."""
        if returned.tool_call_id not in self.calls:
            raise ToolCallIsUnknown
        if self.calls[returned.tool_call_id]:
            raise ToolCallHasItsResult
        return [returned]


def begin(recorded: Recorded[CompletionEvent]) -> Completion:
    """The state after the first event of a stream."""
    requested = recorded.event
    assert isinstance(requested, CompletionRequested)
    assert recorded.owner_id is not None
    return Completion(
        id=recorded.stream_id,
        thread_id=requested.thread_id,
        owner_id=recorded.owner_id,
        message_id=requested.message_id,
        agent=requested.agent,
        model=requested.model,
        requested_at=recorded.position,
        version=recorded.version,
        position=recorded.position,
    )


def evolve(completion: Completion, recorded: Recorded[CompletionEvent]) -> Completion:
    """The state after one more event."""
    changed = _changed(completion, recorded)
    return replace(changed, version=recorded.version, position=recorded.position)


def _changed(completion: Completion, recorded: Recorded[CompletionEvent]) -> Completion:
    match event := recorded.event:
        case CompletionStarted():
            return replace(
                completion,
                status="processing",
                attempt=event.attempt,
                worker_id=event.worker_id,
                started_at=recorded.position,
            )
        case CompletionInterrupted():
            lost = completion.lost_workers + (event.reason == "worker_lost")
            return replace(completion, status="pending", worker_id=None, lost_workers=lost)
        case ToolCalled():
            return replace(completion, calls={**completion.calls, event.tool_call_id: False})
        case ToolReturned():
            return replace(completion, calls={**completion.calls, event.tool_call_id: True})
        case CompletionWaiting():
            return replace(completion, status="waiting", worker_id=None)
        case ApprovalAnswered():
            return replace(completion, status="pending")
        case CancelRequested():
            return replace(completion, cancel_requested=True, cancel_reason=event.reason)
        case CompletionFinished():
            return replace(completion, status="completed", worker_id=None)
        case CompletionFailed():
            return replace(completion, status="failed", worker_id=None)
        case CompletionCancelled():
            return replace(completion, status="cancelled", worker_id=None)
        case (
            CompletionRequested()
            | ModelRequested()
            | Chunk()
            | MessageRecorded()
            | ToolDispatched()
            | InputTaken()
        ):
            return completion
        case _:
            assert_never(event)
