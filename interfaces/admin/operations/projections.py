"""The page of read models: how each stands; pause, resume, make again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from domain.ids import projection_stream
from domain.operation_events import ProjectionAct
from infrastructure.projecting.requests import Request as Asked
from infrastructure.projecting.requests import ask_for, open_requests
from infrastructure.projecting.standing import Standing, look
from interfaces.admin.forms import Form, form
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import fragment, is_fragment_wanted, page
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here, Resources
from projections.registry import BUILT_IN

HREF = "/_admin/operations/projections"

router = APIRouter(prefix="/operations", route_class=PageRoute)


class Act(Form):
    """What shall be done."""

    act: ProjectionAct


@dataclass(frozen=True)
class Shown:
    """One read model, and what was asked for and is not done yet."""

    standing: Standing
    asked: Sequence[Asked]

    def is_asked(self, act: ProjectionAct) -> bool:
        """Was it, and is it not done?"""
        return any(request.event.act == act for request in self.asked)


@router.get("/projections")
async def operations_projections(request: Request, here: Here, by: Viewing) -> Response:
    """All that are built in, and others that have been made."""
    shown = await _shown(here)
    if is_fragment_wanted(request):
        return fragment("operations/projection_list.html", shown=shown)
    return page(request, "operations/projections.html", by=by, shown=shown)


@router.post("/projections/{name}")
async def operations_act_on_projection(
    here: Here, by: Viewing, name: str, sent: Annotated[Act, Depends(form(Act))]
) -> Response:
    """The projector that leads does it within a second or two. Safe to repeat."""
    if name not in {one.name for one in await look(here.reader.database, BUILT_IN)}:
        raise HTTPException(404)
    await ask_for(here.application.log, name, sent.act, actor=by.actor)
    return RedirectResponse(HREF, 303)


async def _shown(here: Resources) -> list[Shown]:
    standings = await look(here.reader.database, BUILT_IN)
    log = here.application.log
    return [
        Shown(one, open_requests(await log.read_stream(projection_stream(one.name))))
        for one in standings
    ]
