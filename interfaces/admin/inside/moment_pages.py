"""The time machine: a conversation as it stood at any moment, and played again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from application.audit.moments import Moment, moment_of
from infrastructure.audit.log import LiveLog
from interfaces.admin.inside.look import Look, look
from interfaces.admin.inside.moment import Stood, stood_at
from interfaces.admin.inside.query import Position
from interfaces.admin.inside.speed import SPEEDS, speed_of
from interfaces.admin.inside.stops import Stops, stops_of
from interfaces.admin.live.names import SSE_SWAP
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import fragment
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/threads/{thread_id}", route_class=PageRoute)

MomentText = Annotated[
    str, Query(max_length=64, description="a position, or a time with its offset")
]


@router.get("/at")
async def thread_moment(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Viewing,
    thread_id: UUID,
    position: MomentText = "",
    stop: Position = None,
) -> Response:
    """As it stood; without a moment, now. `stop`: the number of an event, as the slider has it."""
    moment = moment_of(position) if position else None
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    stops = await stops_of(here.reader, thread_id, sees_all=looked.sees_all)
    if stop is not None:
        return RedirectResponse(f"{request.url.path}?position={stops.at(stop)}", 303)
    stood = await _stood(here, looked, moment)
    return _page(request, looked, stood, stops=stops)


@router.get("/at/view")
async def moment_view(
    request: Request, here: Here, by: Viewing, thread_id: UUID, position: MomentText = ""
) -> Response:
    """The same without the slider, for whoever moves it."""
    moment = moment_of(position) if position else None
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    stood = await _stood(here, looked, moment)
    return fragment(
        "inside/moved.html",
        shown=stood.shown,
        playhead=stood.playhead,
        changes=stood.changes,
        thread_id=thread_id,
        is_playing=False,
    )


@router.get("/play")
async def thread_playback(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Viewing,
    thread_id: UUID,
    position: MomentText = "",
    speed: str = "1",
) -> Response:
    """Plays on from a moment; from the beginning, too, where there is nothing after it."""
    moment = moment_of(position) if position else None
    speed_of(speed)
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    stops = await stops_of(here.reader, thread_id, sees_all=looked.sees_all)
    stood = await _stood(here, looked, stops.at(0) if moment is None else moment)
    if stood.playhead.position >= stops.positions[-1]:
        stood = await _stood(here, looked, stops.at(0))
    return _page(request, looked, stood, stops=stops, speed=speed)


async def _stood(here: Resources, looked: Look, moment: Moment | None) -> Stood:
    log, thread_id = LiveLog(here.reader), looked.thread.id
    return await stood_at(log, thread_id, moment, sees_all=looked.sees_all, viewer=looked.by.actor)


def _page(
    request: Request, looked: Look, stood: Stood, *, stops: Stops, speed: str | None = None
) -> Response:
    return looked.page(
        request,
        "inside/at.html",
        tab="at",
        shown=stood.shown,
        playhead=stood.playhead,
        changes=stood.changes,
        stops=stops.positions,
        index=max(stops.index_at(stood.playhead.position), 0),
        is_playing=speed is not None,
        speed=speed or "1",
        speeds=SPEEDS,
        sse_swap=SSE_SWAP,
    )
