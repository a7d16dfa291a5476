"""Runs: what operators see of each answer and background tool. What was said is not in here."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from domain import completion_events as completion
from domain import execution_events as execution
from domain.catalogue import Event
from domain.completion import Status as CompletionStatus
from domain.execution import Status as ExecutionStatus
from domain.recorded import Recorded
from domain.times import MILLISECOND
from projections import interruptions
from projections.rows import Rows
from projections.schema import ReadModel, moment, owner_of, thread_of

Kind: TypeAlias = Literal["completion", "tool"]
Status: TypeAlias = CompletionStatus | ExecutionStatus


class Run(ReadModel, kw_only=True):
    """One answer or background tool: its state, what it cost, how long it took, why it failed."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("runs_position", "kind", "position"),
        Index("runs_open", "kind", "position", postgresql_where=text("completed_at IS NULL")),
        Index("runs_thread", "thread_id", "position"),
        Index("runs_user", "user_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(Text)
    thread_id: Mapped[UUID]
    completion_id: Mapped[UUID]  # that the tool belongs to; of an answer, its own
    name: Mapped[str | None] = mapped_column(default=None)  # of the tool or of the model
    agent: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[Status] = mapped_column(Text, default="pending")
    worker_id: Mapped[UUID | None] = mapped_column(default=None)  # that began it last
    attempts: Mapped[int] = mapped_column(default=0)
    lost_workers: Mapped[int] = mapped_column(default=0)
    model_retries: Mapped[int] = mapped_column(default=0)
    handovers: Mapped[int] = mapped_column(default=0)  # by workers that were told to end
    outside: Mapped[bool] = mapped_column(default=False)  # the tool's result comes from elsewhere
    timeout_seconds: Mapped[int | None] = mapped_column(default=None)
    progress: Mapped[float | None] = mapped_column(default=None)  # 0 to 1
    error_type: Mapped[str | None] = mapped_column(default=None)
    retryable: Mapped[bool | None] = mapped_column(default=None)
    http_status: Mapped[int | None] = mapped_column(default=None)  # of the provider's answer
    provider_request_id: Mapped[str | None] = mapped_column(default=None)
    model_requests: Mapped[int | None] = mapped_column(default=None)  # that were answered
    input_tokens: Mapped[int | None] = mapped_column(default=None)
    output_tokens: Mapped[int | None] = mapped_column(default=None)
    cache_read_tokens: Mapped[int | None] = mapped_column(default=None)
    cache_write_tokens: Mapped[int | None] = mapped_column(default=None)
    tokens_estimated: Mapped[bool | None] = mapped_column(default=None)  # in part, by us
    cost_microdollars: Mapped[int | None] = mapped_column(default=None)  # None: not known
    characters: Mapped[int | None] = mapped_column(default=None)  # of the answer's text
    time_to_first_token_ms: Mapped[int | None] = mapped_column(default=None)
    duration_ms: Mapped[int | None] = mapped_column(default=None)  # from the last claim to the end
    cancel_requested_at: Mapped[datetime | None] = mapped_column(default=None)
    cancelled_by: Mapped[str | None] = mapped_column(default=None)  # the actor that asked for it
    asked_at: Mapped[datetime]
    started_at: Mapped[datetime | None] = mapped_column(default=None)  # the first claim
    claimed_at: Mapped[datetime | None] = mapped_column(default=None)  # the last claim
    completed_at: Mapped[datetime | None] = mapped_column(default=None)


EVENTS: tuple[type[Event], ...] = (
    completion.CompletionRequested,
    completion.CompletionStarted,
    completion.ModelRequested,
    completion.CompletionWaiting,
    completion.ApprovalAnswered,
    completion.CancelRequested,
    completion.CompletionInterrupted,
    completion.CompletionFinished,
    completion.CompletionFailed,
    completion.CompletionCancelled,
    execution.ExecutionDispatched,
    execution.ExecutionStarted,
    execution.ExecutionProgressed,
    execution.ExecutionCancelRequested,
    execution.ExecutionFinished,
    execution.ExecutionFailed,
    execution.ExecutionCancelled,
    execution.ExecutionTimedOut,
)


def change(rows: Rows, recorded: Recorded[Event]) -> None:
    """What each event of a run says of it; others say nothing."""
    match event := recorded.event:
        case completion.CompletionRequested() | execution.ExecutionDispatched():
            rows.add(_asked(recorded, event))
        case completion.CompletionStarted() | execution.ExecutionStarted():
            _started(_row(rows, recorded), recorded, event)
        case completion.ModelRequested():
            _row(rows, recorded).name = event.model
        case completion.CompletionWaiting():
            _row(rows, recorded).status = "waiting"
        case completion.ApprovalAnswered():
            _row(rows, recorded).status = "pending"
        case completion.CompletionInterrupted():
            row = _row(rows, recorded)
            row.status = "pending"
            interruptions.count(row, event.reason)
        case execution.ExecutionProgressed():
            _row(rows, recorded).progress = event.fraction
        case completion.CancelRequested() | execution.ExecutionCancelRequested():
            row = _row(rows, recorded)
            row.cancel_requested_at, row.cancelled_by = moment(recorded), recorded.actor
        case _:
            _ended(rows, recorded)


def _row(rows: Rows, recorded: Recorded[Event]) -> Run:
    return rows.get(Run, recorded.stream_id)


def _asked(
    recorded: Recorded[Event],
    event: completion.CompletionRequested | execution.ExecutionDispatched,
) -> Run:
    row = Run(
        id=recorded.stream_id,
        kind="completion",
        user_id=owner_of(recorded),
        thread_id=thread_of(recorded),
        completion_id=recorded.stream_id,
        asked_at=moment(recorded),
        position=recorded.position,
    )
    if isinstance(event, execution.ExecutionDispatched):
        row.kind, row.name, row.completion_id = "tool", event.tool, event.completion_id
        row.outside, row.timeout_seconds = event.task is None, event.timeout_seconds
    else:
        row.name, row.agent = event.model, event.agent
    return row


def _started(
    row: Run,
    recorded: Recorded[Event],
    event: completion.CompletionStarted | execution.ExecutionStarted,
) -> None:
    row.status = "processing" if row.kind == "completion" else "running"
    row.attempts, row.worker_id, row.progress = event.attempt, event.worker_id, None
    row.claimed_at = moment(recorded)
    row.started_at = row.started_at or row.claimed_at


def _ended(rows: Rows, recorded: Recorded[Event]) -> None:
    match event := recorded.event:
        case completion.CompletionFinished():
            _answered(_end(rows, recorded, "completed"), event.answer)
        case completion.CompletionCancelled():
            _answered(_end(rows, recorded, "cancelled"), event.answer)
        case completion.CompletionFailed():
            row = _end(rows, recorded, "failed")
            _answered(row, event.answer)
            row.error_type, row.retryable = event.type, event.retryable
            row.http_status, row.provider_request_id = event.status, event.provider_request_id
        case execution.ExecutionFinished():
            _end(rows, recorded, "completed")
        case execution.ExecutionCancelled():
            _end(rows, recorded, "cancelled")
        case execution.ExecutionFailed():
            _end(rows, recorded, "failed").error_type = event.type
        case execution.ExecutionTimedOut():
            _end(rows, recorded, "timed_out").error_type = "timeout"
        case _:
            pass


def _end(rows: Rows, recorded: Recorded[Event], status: Status) -> Run:
    row = _row(rows, recorded)
    row.status, row.completed_at = status, moment(recorded)
    if row.claimed_at is not None:
        row.duration_ms = (moment(recorded) - row.claimed_at) // MILLISECOND
    return row


def _answered(row: Run, answer: completion.Answer) -> None:
    row.name = answer.model or row.name
    row.characters = answer.characters
    row.model_requests = answer.usage.requests
    row.input_tokens = answer.usage.input_tokens
    row.output_tokens = answer.usage.output_tokens
    row.cache_read_tokens = answer.usage.cache_read_tokens
    row.cache_write_tokens = answer.usage.cache_write_tokens
    row.tokens_estimated = answer.usage.estimated
    row.cost_microdollars = answer.cost_microdollars
    row.time_to_first_token_ms = answer.time_to_first_token_ms
    row.duration_ms = answer.duration_ms if answer.duration_ms is not None else row.duration_ms
