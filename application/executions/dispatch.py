"""Handing a tool call over to a background task, or to somebody outside."""

from dataclasses import dataclass
from typing import Protocol, cast
from uuid import UUID

from pydantic import JsonValue
from pydantic_ai import RunContext
from pydantic_core import to_jsonable_python

from application.agents import AgentDeps
from application.executions.here import HERE, NoWorkerHere
from application.executions.lifecycle import lifecycle_of
from application.ports import StreamAppend, StreamConflict
from application.result_tokens import result_token
from application.storable import storable, storable_json
from domain.completion_events import ToolDispatched
from domain.execution_events import ExecutionAwaited, ExecutionDispatched, ExecutionEvent
from domain.ids import execution_of
from domain.jsonvalue import JsonObject


class BackgroundTask(Protocol):
    """A function under `@async_shared_broker.task` and `@with_async_tool_lifecycle`."""

    @property
    def task_name(self) -> str:
        """By which every worker knows it."""
        ...


@dataclass(frozen=True)
class DispatchedExecution:
    """An execution that is in the log."""

    id: UUID
    result_token: str | None = None  # lets somebody outside deliver the result


async def create_async_tool_execution(
    ctx: RunContext[AgentDeps],
    task: BackgroundTask | None,
    /,
    timeout_seconds: int | None = None,
    **arguments: object,
) -> DispatchedExecution:
    """Hand this tool call over; the task's arguments are written down with it, in one append.

    A worker takes it within a second; `await task.kiq(execution.id)` lets it begin at once. With
    None for the task the result comes from outside, by the execution's `result_token`. Without
    `timeout_seconds` the task's own holds, and somebody outside has all the time.
    Doing it twice in one tool call, or in an attempt that follows on a crash, is doing it once.
    Raises JournalStopped when the answer has been stopped, TypeError for any other task.
    """
    told = cast("JsonObject", storable_json(_plain(arguments)))
    dispatched = _dispatched(ctx, task, timeout_seconds=timeout_seconds, arguments=told)
    call = dispatched.tool_call_id
    execution_id = execution_of(ctx.deps.completion_id, tool_call_id=call)
    events: list[ExecutionEvent] = [dispatched]
    if task is None:
        events.append(ExecutionAwaited())
    try:
        await ctx.deps.journal.append_with(
            [ToolDispatched(call, execution_id, dispatched.tool, told)],
            StreamAppend(execution_id, 0, events, ctx.deps.thread_id, ctx.deps.user_id),
        )
    except StreamConflict as conflict:
        if conflict.streams.keys() != {execution_id}:
            raise
    return DispatchedExecution(execution_id, None if task else await _token(execution_id))


def _dispatched(
    ctx: RunContext[AgentDeps],
    task: BackgroundTask | None,
    *,
    timeout_seconds: int | None,
    arguments: JsonObject,
) -> ExecutionDispatched:
    assert ctx.tool_call_id is not None
    assert ctx.tool_name is not None
    lifecycle = lifecycle_of(task)
    if task is not None and lifecycle is None:
        raise TypeError(f"{task.task_name} is not declared with @with_async_tool_lifecycle")
    return ExecutionDispatched(
        completion_id=ctx.deps.completion_id,
        tool_call_id=storable(ctx.tool_call_id),
        tool=ctx.tool_name,
        task=None if task is None else task.task_name,
        arguments=arguments,
        timeout_seconds=timeout_seconds or (lifecycle.timeout_seconds if lifecycle else None),
        retries=lifecycle.retries if lifecycle else 0,
        continues=ctx.deps.auto_continue,
    )


def _plain(arguments: dict[str, object]) -> JsonValue:
    return to_jsonable_python(arguments, fallback=str, bytes_mode="base64")


async def _token(execution_id: UUID) -> str:
    here = HERE.get()
    if here is None:
        raise NoWorkerHere
    return result_token(await here.result_secret(), execution_id)
