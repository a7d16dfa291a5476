"""Warming up touches nothing of the user's."""

from pydantic_ai import RunContext

from application.agents import AgentDeps, AgentSpec
from application.warm_up import warm_up


async def test_warming_up_builds_the_agents_and_asks_no_prompt_and_no_tool() -> None:
    asked: list[str] = []

    async def prompt(_ctx: RunContext[AgentDeps]) -> str:
        asked.append("prompt")
        return ""

    async def tool(_ctx: RunContext[AgentDeps]) -> str:
        asked.append("tool")
        return ""

    await warm_up([AgentSpec(system_prompt_builder=prompt, tools=[tool])])
    assert asked == []
