"""Background tools: a row for each execution, from its dispatch to its result."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.execution import Status
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionDispatched,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionTimedOut,
)
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from projections.listing import Page, Reader, may_see, oldest_first
from projections.rows import Rows
from projections.schema import ReadModel, moment, owner_of, thread_of


class AsyncToolExecution(ReadModel, kw_only=True):
    """One run of a background tool: how far it is, its result or why there is none."""

    __tablename__ = "async_tool_executions"
    __table_args__ = (Index("async_tool_executions_thread", "thread_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID]
    completion_id: Mapped[UUID]
    tool_call_id: Mapped[str]
    name: Mapped[str]  # of the tool
    timeout_seconds: Mapped[int | None] = mapped_column(default=None)
    outside: Mapped[bool] = mapped_column(default=False)  # somebody else's system works on it
    status: Mapped[Status] = mapped_column(Text, default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[float | None] = mapped_column(default=None)  # 0 to 1
    progress_message: Mapped[str | None] = mapped_column(default=None)
    result: Mapped[JsonObject | None] = mapped_column(JSONB(none_as_null=True), default=None)
    result_sha256: Mapped[str | None] = mapped_column(default=None)  # of a large result's blob
    content: Mapped[str | None] = mapped_column(default=None)  # what the model reads of it
    message: Mapped[str | None] = mapped_column(default=None)  # what people read of it
    error_type: Mapped[str | None] = mapped_column(default=None)
    error_message: Mapped[str | None] = mapped_column(default=None)  # or why it was stopped
    cancel_requested_at: Mapped[datetime | None] = mapped_column(default=None)
    cancelled_by: Mapped[str | None] = mapped_column(default=None)  # the actor that asked for it
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None] = mapped_column(default=None)  # the first claim
    completed_at: Mapped[datetime | None] = mapped_column(default=None)


def dispatched(rows: Rows, recorded: Recorded[object], event: ExecutionDispatched) -> None:
    """A background tool waits for a worker."""
    row = AsyncToolExecution(
        id=recorded.stream_id,
        user_id=owner_of(recorded),
        thread_id=thread_of(recorded),
        completion_id=event.completion_id,
        tool_call_id=event.tool_call_id,
        name=event.tool,
        timeout_seconds=event.timeout_seconds,
        outside=event.task is None,
        created_at=moment(recorded),
        position=recorded.position,
    )
    rows.add(row)


def started(rows: Rows, recorded: Recorded[object]) -> None:
    """A worker runs it, from the beginning."""
    row = rows.get(AsyncToolExecution, recorded.stream_id)
    row.status = "running"
    row.attempts += 1
    row.progress = row.progress_message = None
    row.started_at = row.started_at or moment(recorded)


def progressed(rows: Rows, recorded: Recorded[object], event: ExecutionProgressed) -> None:
    """How far it is."""
    row = rows.get(AsyncToolExecution, recorded.stream_id)
    row.progress = event.fraction
    row.progress_message = event.message


def cancel_requested(rows: Rows, recorded: Recorded[object]) -> None:
    """Somebody wants no result of it any more."""
    row = rows.get(AsyncToolExecution, recorded.stream_id)
    row.cancel_requested_at = moment(recorded)
    row.cancelled_by = recorded.actor


def finished(rows: Rows, recorded: Recorded[object], event: ExecutionFinished) -> None:
    """It gave its result."""
    row = _ended(rows, recorded, status="completed")
    row.result = event.result
    row.result_sha256 = event.result_sha256
    row.content = event.content
    row.message = event.message


def failed(rows: Rows, recorded: Recorded[object], event: ExecutionFailed) -> None:
    """It ended in an error."""
    row = _ended(rows, recorded, status="failed")
    row.error_type = event.type
    row.error_message = event.message


def cancelled(rows: Rows, recorded: Recorded[object], event: ExecutionCancelled) -> None:
    """It was stopped."""
    _ended(rows, recorded, status="cancelled").error_message = event.reason


def timed_out(rows: Rows, recorded: Recorded[object], event: ExecutionTimedOut) -> None:
    """It did not end in its time."""
    row = _ended(rows, recorded, status="timed_out")
    row.error_type = "timeout"
    row.error_message = f"The tool did not end within {event.timeout_seconds} seconds."


def _ended(rows: Rows, recorded: Recorded[object], *, status: Status) -> AsyncToolExecution:
    row = rows.get(AsyncToolExecution, recorded.stream_id)
    row.status = status
    row.completed_at = moment(recorded)
    return row


async def get(
    session: AsyncSession, execution_id: UUID, *, reader: Reader
) -> AsyncToolExecution | None:
    """One execution; None also where the reader may not see it."""
    return await session.scalar(
        select(AsyncToolExecution).where(
            AsyncToolExecution.id == execution_id, may_see(reader, AsyncToolExecution)
        )
    )


async def list_of_thread(
    session: AsyncSession,
    thread_id: UUID,
    *,
    reader: Reader,
    limit: int = 50,
    cursor: int | None = None,
) -> Page[AsyncToolExecution]:
    """The executions of a thread in the order in which they were dispatched."""
    query = select(AsyncToolExecution).where(
        AsyncToolExecution.thread_id == thread_id, may_see(reader, AsyncToolExecution)
    )
    return await oldest_first(session, query, model=AsyncToolExecution, limit=limit, cursor=cursor)
