"""The four tables of record as one projection: which event changes which rows."""

from collections.abc import Iterator
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain import account_events as account
from domain import agent_events as agent
from domain import completion_events as completion
from domain import execution_events as execution
from domain import operation_events as operation
from domain import thread_events as thread
from domain import webhook_events as webhook
from domain.catalogue import Event
from domain.recorded import Recorded
from projections import async_tool_executions, completions, messages, threads
from projections.async_tool_executions import AsyncToolExecution
from projections.completions import Completion
from projections.messages import Message
from projections.projection import Batch, Projection
from projections.rows import Rows
from projections.threads import Thread


async def load(rows: Rows, session: AsyncSession, batch: Batch) -> None:
    """All rows that the events may change: those whose ids they name, and one step further."""
    named = set(_named(batch))
    ids = {(name,) for name, _ in named}
    await rows.load(session, Thread, {(thread_id,) for _, thread_id in named})
    await rows.load(session, Message, named)
    reserved = {(row.completion_id,) for row in rows.all(Message) if row.completion_id}
    await rows.load(session, Completion, ids | reserved)
    await rows.load(session, AsyncToolExecution, set(_executions(batch)))


def _named(batch: Batch) -> Iterator[tuple[UUID, UUID]]:
    """Every id that an event names, its own stream's first, with its thread."""
    for recorded in batch:
        thread_id = recorded.thread_id
        if thread_id is None:
            continue
        yield recorded.stream_id, thread_id
        for value in vars(recorded.event).values():
            if isinstance(value, UUID):
                yield value, thread_id
        if isinstance(recorded.event, completion.InputTaken):
            for message_id in recorded.event.message_ids:
                yield message_id, thread_id


def _executions(batch: Batch) -> Iterator[tuple[UUID]]:
    """Only an execution's own events change its row."""
    for recorded in batch:
        if isinstance(recorded.event, execution.ExecutionEvent):
            yield (recorded.stream_id,)


def change(rows: Rows, recorded: Recorded[Event]) -> None:  # noqa: PLR0915
    """The table of contents: every event of the catalogue and what it changes, in this order."""
    match event := recorded.event:
        case thread.ThreadStarted():
            threads.started(rows, recorded, event)
        case thread.MessageAdded():
            messages.added(rows, recorded, event)
            threads.message_entered(rows, recorded, event)
        case thread.MessageQueued():
            messages.queued(rows, recorded, event)
            completions.reserved(rows, recorded, event)
            threads.message_queued(rows, recorded, event)
        case thread.MessageDelivered():
            messages.delivered(rows, recorded, event)
            threads.message_entered(rows, recorded, event)
        case thread.MessageWithdrawn():
            messages.withdrawn(rows, recorded, event)
            threads.message_withdrawn(rows, recorded, event)
        case thread.ThreadCompletionRequested():
            messages.asked(rows, recorded, event)
            threads.turn_given(rows, recorded, event)
        case thread.TurnEnded():
            messages.turn_ended(rows, recorded, event)
            threads.turn_ended(rows, recorded, event)
        case thread.HeadMoved():
            threads.head_moved(rows, recorded, event)
        case thread.ThreadRenamed():
            threads.renamed(rows, recorded, event)
        case thread.ThreadArchived():
            threads.archived(rows, recorded)
        case thread.ResultArrived() | thread.ResultDelivered():
            pass
        case completion.CompletionRequested():
            completions.requested(rows, recorded, event)
        case completion.CompletionStarted():
            completions.started(rows, recorded, event)
        case completion.ModelRequested():
            completions.model_requested(rows, recorded, event)
        case completion.MessageRecorded():
            completions.message_recorded(rows, recorded, event)
            messages.recorded_step(rows, recorded, event)
        case completion.InputTaken():
            messages.taken(rows, recorded, event)
        case completion.CompletionWaiting():
            completions.set_status(rows, recorded, "waiting")
        case completion.ApprovalAnswered():
            completions.set_status(rows, recorded, "pending")
        case completion.CompletionInterrupted():
            completions.interrupted(rows, recorded, event)
            messages.interrupted(rows, recorded)
        case completion.CompletionFinished():
            completions.finished(rows, recorded, event)
        case completion.CompletionFailed():
            completions.failed(rows, recorded, event)
        case completion.CompletionCancelled():
            completions.cancelled(rows, recorded, event)
        case (
            completion.Chunk()
            | completion.ToolCalled()
            | completion.ToolReturned()
            | completion.ToolDispatched()
        ):
            pass
        case completion.CancelRequested():
            completions.cancel_requested(rows, recorded)
        case execution.ExecutionDispatched():
            async_tool_executions.dispatched(rows, recorded, event)
        case execution.ExecutionStarted():
            async_tool_executions.started(rows, recorded)
        case execution.ExecutionProgressed():
            async_tool_executions.progressed(rows, recorded, event)
        case execution.ExecutionFinished():
            async_tool_executions.finished(rows, recorded, event)
        case execution.ExecutionFailed():
            async_tool_executions.failed(rows, recorded, event)
        case execution.ExecutionCancelled():
            async_tool_executions.cancelled(rows, recorded, event)
        case execution.ExecutionTimedOut():
            async_tool_executions.timed_out(rows, recorded, event)
        case execution.ExecutionAwaited():
            pass
        case execution.ExecutionCancelRequested():
            async_tool_executions.cancel_requested(rows, recorded)
        case (
            account.AccountCreated()
            | account.KeyIssued()
            | account.KeyRevoked()
            | account.SignInLinkIssued()
            | account.SessionStarted()
            | account.SessionEnded()
        ):
            pass
        case account.ThreadRead() | account.LogRead() | account.DataExported():
            pass
        case (
            operation.ProjectionPaused()
            | operation.ProjectionResumed()
            | operation.ProjectionSkipped()
            | operation.ProjectionActRequested()
            | operation.ProjectionSwapped()
            | operation.AnalystCreated()
            | operation.AnalystDropped()
            | agent.AgentsDescribed()
        ):
            pass
        case (
            webhook.WebhookCreated()
            | webhook.WebhookChanged()
            | webhook.WebhookSecretRotated()
            | webhook.WebhookReplayed()
            | webhook.WebhookRetried()
            | webhook.WebhookDeleted()
        ):
            pass
        case _:
            assert_never(event)


RECORD = Projection(
    name="record",
    version=3,
    models=(Thread, Message, Completion, AsyncToolExecution),
    load=load,
    change=change,
)
