"""The agents that may answer."""

from fastapi import APIRouter
from pydantic import BaseModel

from interfaces.http.in_time import TimelyRoute
from interfaces.http.paging import Listed
from interfaces.http.resources import Here

router = APIRouter(prefix="/agents", tags=["agents"], route_class=TimelyRoute)


class AgentView(BaseModel):
    """An agent, by the name that threads know it by."""

    name: str
    default: bool


@router.get("")
async def list_agents(here: Here) -> Listed[AgentView]:
    """All agents; a thread that names none gets the default one."""
    default = here.application.default_agent
    names = sorted(here.application.agents)
    return Listed(items=[AgentView(name=one, default=one == default) for one in names], next=None)
