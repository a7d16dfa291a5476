"""The first run of pydantic-ai in a process takes half a second: done before anybody waits."""

from collections.abc import AsyncIterator, Iterable

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, FunctionModel

from application.agents import AgentSpec, build_agent


async def warm_up(specs: Iterable[AgentSpec]) -> None:
    """Build the agents, and stream one answer that nobody reads: no prompt, tool or provider."""
    for spec in specs:
        build_agent(spec)
    async with Agent(FunctionModel(stream_function=_one_word)).iter("") as run:
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for _ in stream:
                        pass


async def _one_word(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
    yield "ready"
