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
    FailureType,
    InputTaken,
    InterruptReason,
    MessageRecorded,
    ModelRequested,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
)
from domain.recorded import Recorded
from domain.refusals import ApprovalAlreadyAnswered, ApprovalNotAsked, CompletionHasEnded

Status: TypeAlias = Literal["pending", "processing", "waiting", "completed", "cancelled", "failed"]
ENDED: frozenset[Status] = frozenset(("completed", "cancelled", "failed"))
AUTOMATIC_RETRIES = 2  # after that many lost workers the next loss ends the completion
DENIED_BY_WRITING = "The user wrote instead."


@dataclass(frozen=True)
class Completion:
    """What decisions about a completion need."""

    id: UUID
    thread_id: UUID
    owner_id: UUID
    message_id: UUID
    agent: str
    model: str | None
    version: int
    position: int  # of its last event
    kept_through: int  # a position: where the next attempt goes on from
    status: Status = "pending"
    attempt: int = 0
    worker_id: UUID | None = None
    lost_workers: int = 0
    lost_at: int = 0  # what was kept through when the last worker was lost
    model_retries: int = 0  # since the last step that is kept
    cancel_requested: bool = False
    cancel_reason: str | None = None
    approvals: Mapping[str, ApprovalAnswered | None] = field(
        default_factory=dict[str, ApprovalAnswered | None]
    )  # asked of a person, None: not answered
    executions: tuple[UUID, ...] = ()  # background tools that it has dispatched

    @property
    def ended(self) -> bool:
        """Has it reached its one final state?"""
        return self.status in ENDED

    @property
    def open_approvals(self) -> tuple[str, ...]:
        """Tool calls that a person has not answered yet."""
        return tuple(call for call, answer in self.approvals.items() if answer is None)

    @property
    def attempts_used_up(self) -> bool:
        """Would one more lost worker be one too many?

        A second one lost at the same step is: what kills its worker shall not do so for ever.
        """
        same_step = self.lost_workers > 0 and self.lost_at == self.kept_through
        return same_step or self.lost_workers >= AUTOMATIC_RETRIES

    def claim(
        self, worker_id: UUID, *, after: InterruptReason | None = None
    ) -> list[CompletionEvent]:
        """A worker begins an attempt; `after` tells why the one before it did not end."""
        if self.ended:
            raise CompletionHasEnded
        started = CompletionStarted(self.attempt + 1, worker_id)
        if after is None:
            assert self.status == "pending"
            return [started]
        return [CompletionInterrupted(self.attempt, self.kept_through, after), started]

    def retry(
        self, worker_id: UUID, *, error: FailureType, message: str, wait_ms: int
    ) -> list[CompletionEvent]:
        """The model is in trouble: its worker tries again, after a pause."""
        interrupted = CompletionInterrupted(
            self.attempt,
            self.kept_through,
            "model_retried",
            error=error,
            message=message,
            retry_in_ms=wait_ms,
        )
        return [interrupted, CompletionStarted(self.attempt + 1, worker_id)]

    def answer_approval(
        self, tool_call_id: str, *, approved: bool, reason: str | None = None
    ) -> list[CompletionEvent]:
        """A person decides on a tool call. The same decision twice is once."""
        if tool_call_id not in self.approvals:
            raise ApprovalNotAsked
        earlier = self.approvals[tool_call_id]
        if earlier is not None:
            if earlier.approved is approved:
                return []
            raise ApprovalAlreadyAnswered
        if self.ended or self.cancel_requested:
            raise CompletionHasEnded
        answered = ApprovalAnswered(tool_call_id, approved, reason)
        rest = tuple(call for call in self.open_approvals if call != tool_call_id)
        return [answered, CompletionWaiting(rest)] if rest else [answered]

    def deny_open(self) -> list[CompletionEvent]:
        """The person wrote something else: what waits for an answer is denied."""
        if self.ended or self.cancel_requested:
            return []
        return [
            ApprovalAnswered(call, approved=False, reason=DENIED_BY_WRITING)
            for call in self.open_approvals
        ]

    def request_cancel(self, reason: str | None) -> list[CompletionEvent]:
        """Asking twice, or too late, is not an error."""
        return [] if self.ended or self.cancel_requested else [CancelRequested(reason)]


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
        kept_through=recorded.position,
        version=recorded.version,
        position=recorded.position,
    )


def evolve(completion: Completion, recorded: Recorded[CompletionEvent]) -> Completion:
    """The state after one more event."""
    changed = _changed(completion, recorded.event)
    changed = replace(changed, version=recorded.version, position=recorded.position)
    if isinstance(recorded.event, _STEPS):
        return replace(changed, kept_through=recorded.position, model_retries=0)
    return changed


# What is done is not done again: an attempt goes on after the last of these.
_STEPS = (ToolCalled, ToolReturned, ToolDispatched, InputTaken, CompletionWaiting, ApprovalAnswered)


def _changed(completion: Completion, event: CompletionEvent) -> Completion:
    match event:
        case CompletionStarted():
            started = replace(completion, status="processing", attempt=event.attempt)
            return replace(started, worker_id=event.worker_id)
        case CompletionInterrupted():
            return _interrupted(completion, event)
        case ToolDispatched():
            return replace(completion, executions=(*completion.executions, event.execution_id))
        case CompletionWaiting():
            asked = {**completion.approvals, **dict.fromkeys(event.tool_call_ids)}
            return replace(completion, status="waiting", worker_id=None, approvals=asked)
        case ApprovalAnswered():
            answered = {**completion.approvals, event.tool_call_id: event}
            left = None in answered.values()
            return replace(completion, status="waiting" if left else "pending", approvals=answered)
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
            | InputTaken()
            | ToolCalled()
            | ToolReturned()
        ):
            return completion
        case _:
            assert_never(event)


def _interrupted(completion: Completion, event: CompletionInterrupted) -> Completion:
    free = replace(completion, status="pending", worker_id=None)
    match event.reason:
        case "worker_lost":
            lost = completion.lost_workers + 1
            return replace(free, lost_workers=lost, lost_at=event.kept_through)
        case "model_retried":
            return replace(free, model_retries=completion.model_retries + 1)
        case "handed_over":
            return free
        case _:
            assert_never(event.reason)
