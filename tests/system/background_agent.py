"""An agent for the tests of background tools: it counts until a file is there."""

import asyncio
import os
from pathlib import Path

from pydantic_ai import RunContext
from taskiq import async_shared_broker

from application.agents import AgentDeps, AgentSpec
from application.executions.dispatch import create_async_tool_execution
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from application.tool_results import ToolResultBase, pending
from application.tools import tool


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=60)
async def count_once(execution: ToolExecution, until: str) -> dict[str, int]:
    """May not be begun again."""
    return await _count(execution, until=Path(until))


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=60, retries=1)
async def count_twice(execution: ToolExecution, until: str) -> dict[str, int]:
    """May be begun again."""
    return await _count(execution, until=Path(until))


def _is_there(file: Path) -> bool:
    return file.exists()


async def _count(execution: ToolExecution, *, until: Path) -> dict[str, int]:
    while not _is_there(until):
        await execution.progress(0.5, f"process {os.getpid()}")
        await asyncio.sleep(0.01)
    return {"attempt": execution.attempt, "process": os.getpid()}


@tool
async def count(ctx: RunContext[AgentDeps], until: str, again: bool = False) -> ToolResultBase:
    """Count until the file is there."""
    task = count_twice if again else count_once
    execution = await create_async_tool_execution(ctx, task, until=until)
    await task.kiq(execution.id)
    return pending("Counting has begun.", execution=execution)


counting = AgentSpec(tools=[count], auto_continue=False)
