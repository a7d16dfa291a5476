"""The closed table of event names: what may be in the log, who may see it, what ends a stream."""

from dataclasses import dataclass
from typing import TypeAlias

from domain import account_events as account
from domain import agent_events as agent
from domain import completion_events as completion
from domain import execution_events as execution
from domain import operation_events as operation
from domain import thread_events as thread
from domain import webhook_events as webhook

Event: TypeAlias = (
    thread.ThreadEvent
    | completion.CompletionEvent
    | execution.ExecutionEvent
    | account.AccountEvent
    | account.AccessEvent
    | operation.OperationEvent
    | agent.AgentsDescribed
    | webhook.WebhookEvent
)


@dataclass(frozen=True)
class EventType:
    """One name. `public` events are seen by the thread's owner, the others by auditors only."""

    name: str
    type: type[Event]
    public: bool = False
    terminal: bool = False
    revision: int = 1

    @property
    def topic(self) -> str:
        """The name as stored: `name@revision`."""
        return f"{self.name}@{self.revision}"


def _public(name: str, kind: type[Event]) -> EventType:
    return EventType(name, kind, public=True)


def _terminal(name: str, kind: type[Event]) -> EventType:
    return EventType(name, kind, public=True, terminal=True)


def _internal(name: str, kind: type[Event]) -> EventType:
    return EventType(name, kind)


CATALOGUE: tuple[EventType, ...] = (
    _public("thread.started", thread.ThreadStarted),
    _public("thread.message_added", thread.MessageAdded),
    _public("thread.message_queued", thread.MessageQueued),
    _public("thread.message_delivered", thread.MessageDelivered),
    _public("thread.message_withdrawn", thread.MessageWithdrawn),
    _public("thread.completion_requested", thread.ThreadCompletionRequested),
    _public("thread.turn_ended", thread.TurnEnded),
    _public("thread.head_moved", thread.HeadMoved),
    _public("thread.result_arrived", thread.ResultArrived),
    _public("thread.result_delivered", thread.ResultDelivered),
    _public("thread.renamed", thread.ThreadRenamed),
    _public("thread.archived", thread.ThreadArchived),
    _public("completion.requested", completion.CompletionRequested),
    _public("completion.started", completion.CompletionStarted),
    _internal("completion.model_requested", completion.ModelRequested),
    _public("completion.chunk", completion.Chunk),
    _internal("completion.message_recorded", completion.MessageRecorded),
    _public("completion.tool_called", completion.ToolCalled),
    _internal("completion.tool_returned", completion.ToolReturned),
    _public("completion.tool_dispatched", completion.ToolDispatched),
    _public("completion.input_taken", completion.InputTaken),
    _public("completion.waiting", completion.CompletionWaiting),
    _public("completion.approval_answered", completion.ApprovalAnswered),
    _public("completion.cancel_requested", completion.CancelRequested),
    _public("completion.interrupted", completion.CompletionInterrupted),
    _terminal("completion.finished", completion.CompletionFinished),
    _terminal("completion.failed", completion.CompletionFailed),
    _terminal("completion.cancelled", completion.CompletionCancelled),
    _internal("tool.dispatched", execution.ExecutionDispatched),
    _public("tool.awaited", execution.ExecutionAwaited),
    _public("tool.started", execution.ExecutionStarted),
    _public("tool.progressed", execution.ExecutionProgressed),
    _public("tool.cancel_requested", execution.ExecutionCancelRequested),
    EventType("tool.finished", execution.ExecutionFinished, terminal=True),
    EventType("tool.failed", execution.ExecutionFailed, public=True, terminal=True),
    EventType("tool.cancelled", execution.ExecutionCancelled, public=True, terminal=True),
    EventType("tool.timed_out", execution.ExecutionTimedOut, public=True, terminal=True),
    _internal("account.created", account.AccountCreated),
    _internal("account.key_issued", account.KeyIssued),
    _internal("account.key_revoked", account.KeyRevoked),
    _internal("account.link_issued", account.SignInLinkIssued),
    _internal("account.session_started", account.SessionStarted),
    _internal("account.session_ended", account.SessionEnded),
    _internal("access.thread_read", account.ThreadRead),
    _internal("access.log_read", account.LogRead),
    _internal("access.exported", account.DataExported),
    _internal("projection.paused", operation.ProjectionPaused),
    _internal("projection.resumed", operation.ProjectionResumed),
    _internal("projection.skipped", operation.ProjectionSkipped),
    _internal("projection.act_requested", operation.ProjectionActRequested),
    _internal("projection.swapped", operation.ProjectionSwapped),
    _internal("analyst.created", operation.AnalystCreated),
    _internal("analyst.dropped", operation.AnalystDropped),
    _internal("agents.described", agent.AgentsDescribed),
    _internal("webhook.created", webhook.WebhookCreated),
    _internal("webhook.changed", webhook.WebhookChanged),
    _internal("webhook.secret_rotated", webhook.WebhookSecretRotated),
    _internal("webhook.replayed", webhook.WebhookReplayed),
    _internal("webhook.retried", webhook.WebhookRetried),
    _internal("webhook.deleted", webhook.WebhookDeleted),
)

BY_TYPE: dict[type[Event], EventType] = {entry.type: entry for entry in CATALOGUE}
BY_NAME: dict[str, EventType] = {entry.name: entry for entry in CATALOGUE}
CHUNK = BY_TYPE[completion.Chunk].name  # by far the most events have it
TERMINAL_NAMES: tuple[str, ...] = tuple(entry.name for entry in CATALOGUE if entry.terminal)
