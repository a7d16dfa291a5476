"""The stream of a playback."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from infrastructure.audit.log import LiveLog
from infrastructure.relay.subject import ThreadEvents
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import Shown
from interfaces.admin.inside.look import look
from interfaces.admin.inside.playback import SILENCE, Playback
from interfaces.admin.inside.speed import speed_of
from interfaces.admin.inside.tape import Tape
from interfaces.admin.page_route import PageRoute
from interfaces.admin.viewer import Viewing, still_viewing
from interfaces.http.audit_reading import LongAnswer
from interfaces.http.cursor import position_of, read_cursor
from interfaces.http.resources import Here

router = APIRouter(prefix="/threads/{thread_id}", route_class=PageRoute)


@router.get("/replay")
async def thread_replay(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Viewing,
    thread_id: UUID,
    speed: str = "1",
    after: Annotated[list[str] | None, Query()] = None,
    last_event_id: Annotated[list[str] | None, Header()] = None,
) -> Response:
    """Goes on after `Last-Event-ID` or `after`; without either the page is given everything."""
    factor = speed_of(speed)
    cursor = read_cursor(last_event_id or (), after=after or ())
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    log = LiveLog(here.reader)
    subject = ThreadEvents(thread_id)
    position = await position_of(cursor, subject=subject, log=here.reader)
    begin = position or looked.thread.position
    playback = Playback(
        Tape(log, thread_id, through=await log.last_position()),
        Shown(await conversation_at(log, thread_id, begin), read_only=True),
        factor,
        is_fresh=not position,
        sees_all=looked.sees_all,
        viewer=by.actor,
    )
    return LongAnswer(
        playback.play,
        place=here.streams.place(by.user_id),
        media_type="text/event-stream",
        is_allowed=still_viewing(request, here, by),
        leaving=here.leaving,
        silence=lambda: SILENCE,
    )
