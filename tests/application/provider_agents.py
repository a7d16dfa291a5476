"""One agent for each protocol, for `THREADLOG_AGENTS` of a product that is tested as a whole."""

import asyncio
from dataclasses import replace

from application.agents import AgentSpec
from application.tools import tool
from tests.application.provider_cases import agent
from tests.model_server.client import MODELS


@tool(effect="none")
async def dig(seconds: float) -> str:
    """Take some time."""
    await asyncio.sleep(seconds)
    return "dug"


@tool(requires_approval=True)
async def pay(q: str) -> str:
    """Not without somebody's leave."""
    return f"paid {q}"


def _agent(protocol: str) -> AgentSpec:
    spec = agent(MODELS[protocol])
    return replace(spec, tools=[*spec.tools, dig, pay])


def chat() -> AgentSpec:
    return _agent("chat")


def responses() -> AgentSpec:
    return _agent("responses")


def anthropic() -> AgentSpec:
    return _agent("anthropic")


AGENTS = ",".join(f"{__name__}:{protocol}" for protocol in MODELS)
