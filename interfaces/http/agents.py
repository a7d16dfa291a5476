"""The agents that may answer, and their tools."""

import logging
from collections.abc import Mapping
from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from domain.agent_events import AgentDescription
from infrastructure.event_log.agents import last_described
from infrastructure.event_log.codec import UnknownEvent
from infrastructure.event_log.reader import LogReader
from interfaces.http.in_time import TimelyRoute
from interfaces.http.paging import Listed
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/agents", tags=["agents"], route_class=TimelyRoute)

logger = logging.getLogger(__name__)


class ToolView(BaseModel):
    """A tool: what the model is told of it, and what it says of itself."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    description: str | None
    effect: Literal["none", "idempotent", "once"]  # of what a repetition may do
    timeout_seconds: float
    requires_approval: bool


class AgentView(BaseModel):
    """An agent, by the name that threads know it by; without model and tools until a worker
    that knows it has been started."""

    name: str
    default: bool
    model: str | None
    tools: list[ToolView] | None


@router.get("")
async def list_agents(here: Here) -> Listed[AgentView]:
    """All agents; a thread that names none gets the default one."""
    return Listed(items=await agents_of(here), next=None)


async def agents_of(here: Resources) -> list[AgentView]:
    """By name. Raises LogUnavailable."""
    known = await _described(here.reader)
    default = here.application.default_agent
    return [
        _view(name, known.get(name), default=name == default)
        for name in sorted(here.application.agents)
    ]


async def _described(reader: LogReader) -> Mapping[str, AgentDescription]:
    try:
        last = await last_described(reader)
    except UnknownEvent as newer:
        logger.warning("a newer version has described the agents: %s", newer)
        return {}
    return {one.name: one for one in last.event.agents} if last else {}


def _view(name: str, known: AgentDescription | None, *, default: bool) -> AgentView:
    tools = [ToolView.model_validate(tool) for tool in known.tools] if known else None
    return AgentView(name=name, default=default, model=known.model if known else None, tools=tools)
