"""The agents that may answer, with their models and tools."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page
from interfaces.admin.viewer import Viewing
from interfaces.http.agents import agents_of
from interfaces.http.resources import Here

router = APIRouter(prefix="/agents", route_class=PageRoute)


@router.get("")
async def agents_page(request: Request, here: Here, by: Viewing) -> Response:
    """All agents, by name."""
    return page(request, "administration/agents.html", by=by, agents=await agents_of(here))
