"""Agents: what a user's module declares, what its tools are given, what pydantic-ai runs."""

import importlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic_ai import Agent, DeferredToolRequests, RunContext, Tool
from pydantic_ai.settings import ModelSettings
from sqlalchemy.ext.asyncio import AsyncSession

from application.agent_names import AgentReference, AgentsSettingInvalid, agent_references
from application.journal import Journal
from application.tool_options import ToolOptions, as_tool, options_of

Sessions: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, eq=False)
class AgentDeps:
    """What system prompts and tools find in `ctx.deps`.

    The sessions are read-only, on the read models, and hold a connection only while a statement
    runs. Tools run side by side, so each opens its own: `async with ctx.deps.get_session() as …`.
    """

    session: AsyncSession
    get_session: Sessions
    logger: logging.Logger
    user_id: UUID
    thread_id: UUID
    completion_id: UUID
    journal: Journal  # the completion's one writer
    auto_continue: bool = True  # see AgentSpec


SystemPromptBuilder: TypeAlias = Callable[[RunContext[AgentDeps]], Awaitable[str]]
AgentTool: TypeAlias = Callable[..., Any] | Tool[AgentDeps]


@dataclass(frozen=True, eq=False)
class AgentSpec:
    """An agent: its model (None: THREADLOG_MODEL), its system prompt, its tools.

    The prompt is built once per completion and sent with every request to the model. `settings`
    are pydantic-ai's, such as {"thinking": "high", "max_tokens": 8192}.
    """

    model: str | None = None
    system_prompt_builder: SystemPromptBuilder | None = None
    tools: Sequence[AgentTool] = ()
    settings: ModelSettings | None = None
    request_limit: int = 50  # requests to the model for one answer
    auto_continue: bool = True  # answer by itself when a background tool's result comes in


@lru_cache(maxsize=256)
def build_agent(spec: AgentSpec) -> Agent[AgentDeps, Any]:
    """The spec as a pydantic-ai agent without a model: each run names its own. Built once.

    It answers with text, or with DeferredToolRequests where a tool must be approved.
    """
    builder = spec.system_prompt_builder
    return Agent(
        deps_type=AgentDeps,
        output_type=[str, DeferredToolRequests],
        instructions=None if builder is None else _once_per_completion(builder),
        model_settings=spec.settings,
        tools=[as_tool(tool) for tool in spec.tools],
        retries={"tools": 3, "output": 1},
    )


@lru_cache(maxsize=256)
def tool_options(spec: AgentSpec) -> Callable[[str], ToolOptions]:
    """What the agent's tools say of themselves, by name."""
    known = {tool.name: options_of(tool.tool_def) for tool in map(as_tool, spec.tools)}
    return lambda name: known.get(name, ToolOptions())


def load_agents(setting: str) -> dict[str, AgentSpec]:
    """The agents that THREADLOG_AGENTS names, the default one first.

    A name stands for an AgentSpec or for a function that makes one. Raises AgentsSettingInvalid.
    """
    return {reference.name: _load(reference) for reference in agent_references(setting)}


def _load(reference: AgentReference) -> AgentSpec:
    found = getattr(_module(reference.module), reference.attribute, None)
    if found is None:
        raise AgentsSettingInvalid(f"{reference.module} has no {reference.attribute}")
    spec = found() if callable(found) else found
    if not isinstance(spec, AgentSpec):
        made = f"{reference.module}:{reference.attribute}"
        raise AgentsSettingInvalid(f"{made} is neither an AgentSpec nor a function that makes one")
    return spec


def _module(name: str) -> object:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # a module that the agent's own module misses
        raise AgentsSettingInvalid(f"there is no module {name}") from error


def _once_per_completion(builder: SystemPromptBuilder) -> SystemPromptBuilder:
    built: WeakKeyDictionary[AgentDeps, str] = WeakKeyDictionary()

    async def instructions(ctx: RunContext[AgentDeps]) -> str:
        if ctx.deps not in built:
            built[ctx.deps] = await builder(ctx)
        return built[ctx.deps]

    return instructions
