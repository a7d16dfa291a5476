"""Completions: a row for each answer that was asked for, from the request to its ending."""

from collections.abc import Sequence, Set
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from sqlalchemy import Index, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.completion import Status
from domain.completion_events import (
    Answer,
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionRequested,
    CompletionStarted,
    MessageRecorded,
    ModelRequested,
)
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.thread_events import MessageQueued
from domain.times import MILLISECOND
from projections import interruptions
from projections.listing import Page, Reader, may_see, oldest_first
from projections.parts import parts_of, text_of
from projections.rows import Rows
from projections.schema import ReadModel, moment, owner_of, thread_of


class Step(TypedDict):
    """How much of the answer there was after one recorded message."""

    position: int
    parts: int
    characters: int


class Completion(ReadModel, kw_only=True):
    """One run of an agent: its state, what it cost, how long it took, why it failed."""

    __tablename__ = "completions"
    __table_args__ = (Index("completions_thread", "thread_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID]
    message_id: Mapped[UUID]  # the user's message that it answers, or the answer it goes on from
    parent_id: Mapped[UUID]  # the message that its answer stands below
    agent: Mapped[str | None] = mapped_column(default=None)  # None: its turn has not come
    model: Mapped[str | None] = mapped_column(default=None)
    provider: Mapped[str | None] = mapped_column(default=None)  # such as openai-chat
    status: Mapped[Status] = mapped_column(Text, default="pending")
    response: Mapped[str | None] = mapped_column(default=None)  # all text recorded so far, uncut
    characters: Mapped[int | None] = mapped_column(default=None)
    sha256: Mapped[str | None] = mapped_column(default=None)  # of the text as UTF-8
    error_type: Mapped[str | None] = mapped_column(default=None)
    error_message: Mapped[str | None] = mapped_column(default=None)  # or why it was stopped
    error_details: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True), default=None)
    input_tokens: Mapped[int | None] = mapped_column(default=None)
    output_tokens: Mapped[int | None] = mapped_column(default=None)
    cache_read_tokens: Mapped[int | None] = mapped_column(default=None)
    cache_write_tokens: Mapped[int | None] = mapped_column(default=None)
    tokens_estimated: Mapped[bool | None] = mapped_column(default=None)  # in part, by us
    model_requests: Mapped[int | None] = mapped_column(default=None)  # that were answered
    cost_microdollars: Mapped[int | None] = mapped_column(default=None)
    time_to_first_token_ms: Mapped[int | None] = mapped_column(default=None)
    latency_ms: Mapped[int | None] = mapped_column(default=None)  # from the claim to the end
    model_ms: Mapped[int] = mapped_column(default=0)  # from each request to its whole response
    model_asked_at: Mapped[datetime | None] = mapped_column(default=None)  # and not answered yet
    attempts: Mapped[int] = mapped_column(default=0)
    lost_workers: Mapped[int] = mapped_column(default=0)
    model_retries: Mapped[int] = mapped_column(default=0)
    handovers: Mapped[int] = mapped_column(default=0)  # by workers that were told to end
    cancel_requested_at: Mapped[datetime | None] = mapped_column(default=None)
    cancelled_by: Mapped[str | None] = mapped_column(default=None)  # the actor that asked for it
    created_at: Mapped[datetime]
    requested_at: Mapped[datetime | None] = mapped_column(default=None)  # its turn had come
    started_at: Mapped[datetime | None] = mapped_column(default=None)  # the first claim
    completed_at: Mapped[datetime | None] = mapped_column(default=None)
    steps: Mapped[list[Step]] = mapped_column(JSONB, default_factory=list[Step], repr=False)


def reserved(rows: Rows, recorded: Recorded[object], event: MessageQueued) -> None:
    """A queued message has the id of its answer already."""
    _asked(rows, recorded, event.completion_id, message_id=event.message_id)


def requested(rows: Rows, recorded: Recorded[object], event: CompletionRequested) -> None:
    """Its turn has come: any worker may claim it."""
    row = rows.find(Completion, recorded.stream_id)
    if row is None:
        row = _asked(rows, recorded, recorded.stream_id, message_id=event.message_id)
    row.agent = event.agent
    row.model = event.model
    row.requested_at = moment(recorded)


def given_up(
    rows: Rows, recorded: Recorded[object], completion_id: UUID, *, taken_by: UUID | None = None
) -> None:
    """A reserved completion will never begin; `taken_by` answers its message in its place."""
    row = rows.get(Completion, completion_id)
    row.status = "cancelled"
    row.completed_at = moment(recorded)
    if taken_by is not None:
        row.error_details = {"answered_by": str(taken_by)}


def started(rows: Rows, recorded: Recorded[object], event: CompletionStarted) -> None:
    """A worker answers."""
    row = rows.get(Completion, recorded.stream_id)
    row.status = "processing"
    row.attempts = event.attempt
    row.started_at = row.started_at or moment(recorded)


def model_requested(rows: Rows, recorded: Recorded[object], event: ModelRequested) -> None:
    """The model is known by the name that it was called by."""
    row = rows.get(Completion, recorded.stream_id)
    row.model = event.model
    row.provider = event.named.partition(":")[0] if event.named else None
    row.model_asked_at = moment(recorded)


def message_recorded(rows: Rows, recorded: Recorded[object], event: MessageRecorded) -> None:
    """The text grows; the step remembers how far, should a later one turn out to be void."""
    row = rows.get(Completion, recorded.stream_id)
    parts = parts_of(event.message)
    row.response = ((row.response or "") + text_of(parts)) or None
    before = row.steps[-1]["parts"] if row.steps else 0
    step = Step(
        position=recorded.position,
        parts=before + len(parts),
        characters=len(row.response or ""),
    )
    row.steps = [*row.steps, step]
    if event.message.get("kind") == "response" and row.model_asked_at is not None:
        row.model_ms += (moment(recorded) - row.model_asked_at) // MILLISECOND
        row.model_asked_at = None


def interrupted(rows: Rows, recorded: Recorded[object], event: CompletionInterrupted) -> None:
    """What was recorded after `kept_through` is void; the next attempt goes on from there."""
    row = rows.get(Completion, recorded.stream_id)
    row.status = "pending"
    row.steps = [step for step in row.steps if step["position"] <= event.kept_through]
    kept = row.steps[-1]["characters"] if row.steps else 0
    row.response = (row.response or "")[:kept] or None
    row.model_asked_at = None
    interruptions.count(row, event.reason)


def cancel_requested(rows: Rows, recorded: Recorded[object]) -> None:
    """Somebody wants no more of it; it ends soon."""
    row = rows.get(Completion, recorded.stream_id)
    row.cancel_requested_at = moment(recorded)
    row.cancelled_by = recorded.actor


def set_status(rows: Rows, recorded: Recorded[object], status: Status) -> None:
    """It waits for a person, or for a worker again."""
    rows.get(Completion, recorded.stream_id).status = status


def finished(rows: Rows, recorded: Recorded[object], event: CompletionFinished) -> None:
    """The answer is complete."""
    _ended(rows, recorded, event.answer, status="completed")


def failed(rows: Rows, recorded: Recorded[object], event: CompletionFailed) -> None:
    """The answer ended in an error."""
    row = _ended(rows, recorded, event.answer, status="failed")
    row.error_type = event.type
    row.error_message = event.message
    row.error_details = {
        "retryable": event.retryable,
        "status": event.status,
        "provider_request_id": event.provider_request_id,
    }


def cancelled(rows: Rows, recorded: Recorded[object], event: CompletionCancelled) -> None:
    """The answer was stopped."""
    row = _ended(rows, recorded, event.answer, status="cancelled")
    row.error_message = event.reason


def _asked(
    rows: Rows, recorded: Recorded[object], completion_id: UUID, *, message_id: UUID
) -> Completion:
    row = Completion(
        id=completion_id,
        user_id=owner_of(recorded),
        thread_id=thread_of(recorded),
        message_id=message_id,
        parent_id=message_id,
        created_at=moment(recorded),
        position=recorded.position,
    )
    rows.add(row)
    return row


def _ended(rows: Rows, recorded: Recorded[object], answer: Answer, *, status: Status) -> Completion:
    row = rows.get(Completion, recorded.stream_id)
    row.status = status
    row.completed_at = moment(recorded)
    row.model_asked_at = None
    row.model = answer.model or row.model
    row.characters = answer.characters
    row.sha256 = answer.sha256
    row.input_tokens = answer.usage.input_tokens
    row.output_tokens = answer.usage.output_tokens
    row.cache_read_tokens = answer.usage.cache_read_tokens
    row.cache_write_tokens = answer.usage.cache_write_tokens
    row.tokens_estimated = answer.usage.estimated
    row.model_requests = answer.usage.requests
    row.cost_microdollars = answer.cost_microdollars
    row.time_to_first_token_ms = answer.time_to_first_token_ms
    row.latency_ms = answer.duration_ms
    return row


async def get(session: AsyncSession, completion_id: UUID, *, reader: Reader) -> Completion | None:
    """One completion; None also where the reader may not see it."""
    return await session.scalar(
        select(Completion).where(Completion.id == completion_id, may_see(reader, Completion))
    )


async def list_of_thread(
    session: AsyncSession,
    thread_id: UUID,
    *,
    reader: Reader,
    limit: int = 50,
    cursor: int | None = None,
) -> Page[Completion]:
    """The completions of a thread in the order in which they were asked for."""
    query = select(Completion).where(Completion.thread_id == thread_id, may_see(reader, Completion))
    return await oldest_first(session, query, model=Completion, limit=limit, cursor=cursor)


async def waiting(
    session: AsyncSession, completion_ids: Sequence[UUID], *, reader: Reader
) -> Set[UUID]:
    """Those of them that wait for a person's decision."""
    if not completion_ids:
        return frozenset()
    is_one = Completion.id.in_(completion_ids)
    query = select(Completion.id).where(
        may_see(reader, Completion), is_one, Completion.status == "waiting"
    )
    return frozenset((await session.scalars(query)).all())
