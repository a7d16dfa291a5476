"""The agents of the proof, in the workers: each tool tells the world outside what it does."""

import asyncio
import os
import time
from functools import cache
from typing import Any
from uuid import UUID

import httpx2
from pydantic_ai import RunContext
from taskiq import async_shared_broker

from application.agents import AgentDeps, AgentSpec
from application.executions.dispatch import create_async_tool_execution
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from application.tool_results import ToolResultBase, pending
from application.tools import idempotency_key, tool

COUNTER = "LIFECYCLE_COUNTER_URL"
HELD_SECONDS = 100.0  # or until it is let go


@cache
def _http() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=os.environ[COUNTER], timeout=None, limits=httpx2.Limits(max_connections=None)
    )


async def affect(name: str, key: UUID, *, tag: str, hold: float, **more: Any) -> str:
    """Have an effect on the world outside, which may hold us for some seconds."""
    told = {"tool": name, "key": str(key), "tag": tag, "hold": hold, **more}
    try:
        await _http().post("/effect", json=told)
    except asyncio.CancelledError:
        await _http().post("/stopped", json={"tag": tag, "at": time.monotonic()})
        raise
    return found(tag)


def found(tag: str) -> str:
    """What a tool finds in a conversation; the words stand in no call's arguments."""
    return f"finding-of-{tag}."


@tool(effect="none")
async def look(ctx: RunContext[AgentDeps], tag: str, hold: float = 0.0) -> str:
    """Look at something."""
    return await affect("look", idempotency_key(ctx), tag=tag, hold=hold)


@tool(effect="idempotent")
async def note(ctx: RunContext[AgentDeps], tag: str, hold: float = 0.0) -> str:
    """Write something down."""
    return await affect("note", idempotency_key(ctx), tag=tag, hold=hold)


@tool
async def send(ctx: RunContext[AgentDeps], tag: str, hold: float = 0.0) -> str:
    """Send something away: what nobody can take back."""
    return await affect("send", idempotency_key(ctx), tag=tag, hold=hold)


@tool(requires_approval=True)
async def pay(ctx: RunContext[AgentDeps], tag: str, hold: float = 0.0) -> str:
    """Pay, where a person agrees."""
    return await affect("pay", idempotency_key(ctx), tag=tag, hold=hold)


async def _study(execution: ToolExecution, name: str, *, tag: str, hold: float) -> dict[str, str]:
    await execution.progress(0.1, "has begun")
    return {"finding": await affect(name, execution.idempotency_key, tag=tag, hold=hold)}


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=120)
async def study_once(execution: ToolExecution, tag: str, hold: float) -> dict[str, str]:
    """May not be begun again."""
    return await _study(execution, "study", tag=tag, hold=hold)


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=120, retries=1)
async def study_twice(execution: ToolExecution, tag: str, hold: float) -> dict[str, str]:
    """May be begun again."""
    return await _study(execution, "study", tag=tag, hold=hold)


@tool
async def study(
    ctx: RunContext[AgentDeps], tag: str, hold: float = 0.0, again: bool = False
) -> ToolResultBase:
    """Study something in the background."""
    task = study_twice if again else study_once
    execution = await create_async_tool_execution(ctx, task, tag=tag, hold=hold)
    await task.kiq(execution.id)
    return pending("It is being studied.", execution=execution)


@tool
async def order(ctx: RunContext[AgentDeps], tag: str) -> ToolResultBase:
    """Order something from outside, which is delivered later."""
    execution = await create_async_tool_execution(ctx, None, tag=tag)
    more = {"execution_id": str(execution.id), "token": execution.result_token}
    await affect("order", idempotency_key(ctx), tag=tag, hold=0.0, **more)
    return pending("It is ordered.", execution=execution)


handy = AgentSpec(tools=[look, note, send, pay, study, order])


async def _instructions(ctx: RunContext[AgentDeps]) -> str:
    deps = ctx.deps
    key = deps.completion_id
    await affect("instructions", key, tag=str(deps.thread_id), hold=HELD_SECONDS)
    return "Think first."


thoughtful = AgentSpec(system_prompt_builder=_instructions)
"""Its first attempt at an answer is held before the model is asked."""
