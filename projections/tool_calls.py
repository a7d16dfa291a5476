"""Tool calls: a row for each time that a model asked for a tool, and how that ended."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Index, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.catalogue import Event
from domain.completion_events import (
    ApprovalAnswered,
    CompletionWaiting,
    ToolCalled,
    ToolDispatched,
    ToolOutcome,
    ToolReturned,
)
from domain.ids import execution_of
from domain.recorded import Recorded
from projections.projection import Batch, Projection
from projections.rows import Rows
from projections.schema import ReadModel, moment, owner_of, thread_of

_About: TypeAlias = ToolCalled | ToolReturned | ToolDispatched | ApprovalAnswered


class ToolCall(ReadModel, kw_only=True):
    """One wish of a model. Where it is fulfilled in the background, the execution has the same id.

    Arguments and results are in the log and in the answer's message; here are their sizes.
    """

    __tablename__ = "tool_calls"
    __table_args__ = (
        Index("tool_calls_completion", "completion_id"),
        Index("tool_calls_thread", "thread_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID]
    completion_id: Mapped[UUID]
    tool_call_id: Mapped[str]  # given by the model provider, unique within the completion
    tool: Mapped[str]
    attempt: Mapped[int]  # of the completion
    step: Mapped[int]  # of the attempt: the model's request that brought it
    argument_bytes: Mapped[int]  # as JSON
    execution_id: Mapped[UUID | None] = mapped_column(default=None)  # of the background tool
    outcome: Mapped[ToolOutcome | None] = mapped_column(Text, default=None)  # None: it is open
    code: Mapped[str | None] = mapped_column(default=None)  # why there is no result
    result_bytes: Mapped[int | None] = mapped_column(default=None)  # that the model reads
    result_cut: Mapped[bool | None] = mapped_column(default=None)  # is the whole one longer?
    called_at: Mapped[datetime]
    approval_asked_at: Mapped[datetime | None] = mapped_column(default=None)  # of a person
    approval_answered_at: Mapped[datetime | None] = mapped_column(default=None)
    approved: Mapped[bool | None] = mapped_column(default=None)
    returned_at: Mapped[datetime | None] = mapped_column(default=None)


async def load(rows: Rows, session: AsyncSession, batch: Batch) -> None:
    """The calls that the events name; a call's id follows from its completion's."""
    await rows.load(session, ToolCall, {(row_id,) for row_id in _named(batch)})


def _named(batch: Batch) -> Iterator[UUID]:
    for recorded in batch:
        if isinstance(recorded.event, _About):
            yield execution_of(recorded.stream_id, tool_call_id=recorded.event.tool_call_id)
        elif isinstance(recorded.event, CompletionWaiting):
            for call in recorded.event.tool_call_ids:
                yield execution_of(recorded.stream_id, tool_call_id=call)


def change(rows: Rows, recorded: Recorded[Event]) -> None:
    """What each event says of a call."""
    match event := recorded.event:
        case ToolCalled():
            _called(rows, recorded, event)
        case ToolDispatched():
            if row := _find(rows, recorded, event.tool_call_id):
                row.execution_id = event.execution_id
        case CompletionWaiting():
            for call in event.tool_call_ids:
                if row := _find(rows, recorded, call):
                    row.approval_asked_at = row.approval_asked_at or moment(recorded)
        case ApprovalAnswered():
            if row := _find(rows, recorded, event.tool_call_id):
                row.approval_answered_at = moment(recorded)
                row.approved = event.approved
        case ToolReturned():
            _returned(rows, recorded, event)
        case _:
            pass


def _called(rows: Rows, recorded: Recorded[object], event: ToolCalled) -> None:
    """The model asks; an attempt that finds the call open asks for it again, and it stays one."""
    row = _find(rows, recorded, event.tool_call_id)
    if row is not None:
        row.attempt, row.step = event.attempt, event.step
        return
    row = ToolCall(
        id=execution_of(recorded.stream_id, tool_call_id=event.tool_call_id),
        user_id=owner_of(recorded),
        thread_id=thread_of(recorded),
        completion_id=recorded.stream_id,
        tool_call_id=event.tool_call_id,
        tool=event.tool,
        attempt=event.attempt,
        step=event.step,
        argument_bytes=len(to_json(event.arguments)),
        called_at=moment(recorded),
        position=recorded.position,
    )
    rows.add(row)


def _returned(rows: Rows, recorded: Recorded[object], event: ToolReturned) -> None:
    """The call's one result."""
    if row := _find(rows, recorded, event.tool_call_id):
        row.outcome = event.outcome
        row.code = event.code
        row.result_bytes = len(event.content.encode())
        row.result_cut = event.content_sha256 is not None
        row.returned_at = moment(recorded)


def _find(rows: Rows, recorded: Recorded[object], tool_call_id: str) -> ToolCall | None:
    """None for what was never called: providers run some tools themselves."""
    return rows.find(ToolCall, execution_of(recorded.stream_id, tool_call_id=tool_call_id))


TOOL_CALLS = Projection(
    name="tool_calls",
    version=1,
    models=(ToolCall,),
    load=load,
    change=change,
    events=(ToolCalled, ToolDispatched, CompletionWaiting, ApprovalAnswered, ToolReturned),
    pace_seconds=0.25,
)
