"""The agents of the proof, in the workers: their model is the tests' provider."""

import asyncio
from pathlib import Path

from pydantic_ai import RunContext
from taskiq import async_shared_broker

from application.agents import AgentDeps, AgentSpec
from application.executions.dispatch import create_async_tool_execution
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from application.tool_results import ToolResultBase, completed, pending
from application.tools import tool

MODEL = "openai-chat:gpt-5"


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=120)
async def gather_task(execution: ToolExecution, folder: str) -> dict[str, str]:
    """Half done at once; whole when the file `go` is in the folder."""
    await execution.progress(0.5, "half of the leaves")
    while not _may_end(folder):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return {"finding": "forty-two leaves"}


def _may_end(folder: str) -> bool:
    return (Path(folder) / "go").exists()


@tool
async def gather(ctx: RunContext[AgentDeps], folder: str) -> ToolResultBase:
    """Gather leaves in the background."""
    execution = await create_async_tool_execution(ctx, gather_task, folder=folder)
    await gather_task.kiq(execution.id)
    return pending("The leaves are being gathered.", execution=execution)


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=60)
async def weigh_harvests_task(execution: ToolExecution, years: int) -> ToolResultBase:
    """A year at a time."""
    for year in range(years):
        await execution.progress((year + 1) / years, f"{year + 1} of {years} years weighed")
        await asyncio.sleep(0.1)
    harvest = {"peas": 4, "beans": 7}
    return completed(harvest, "Each year 4 kg of peas and 7 kg of beans.")


@tool
async def weigh_harvests(ctx: RunContext[AgentDeps], years: int) -> ToolResultBase:
    """Weigh the harvests of the last years, in the background."""
    execution = await create_async_tool_execution(ctx, weigh_harvests_task, years=years)
    await weigh_harvests_task.kiq(execution.id)
    return pending("The harvests are being weighed.", execution=execution)


@tool(effect="none")
async def look(ctx: RunContext[AgentDeps], at: str) -> str:
    """Look at something."""
    return f"There is a {at}."


@tool(requires_approval=True)
async def pay(ctx: RunContext[AgentDeps], amount: int, to: str) -> str:
    """Pay, where a person agrees."""
    return f"{amount} paid to {to}."


scripted = AgentSpec(model=MODEL, tools=[look, pay, gather, weigh_harvests])
