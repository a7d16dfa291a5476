"""The timeline of a conversation: every event, when, who, in words and as JSON."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from domain.refusals import PositionIsAhead
from infrastructure.event_log.reader import LogReader
from infrastructure.relay.frames import is_public
from interfaces.admin.inside.groups import LABELS, Group
from interfaces.admin.inside.look import Look, look
from interfaces.admin.inside.query import Emptied, Position
from interfaces.admin.inside.raw_event import event_file
from interfaces.admin.inside.timeline import Read, Wanted, timeline_page
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import fragment
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here

router = APIRouter(prefix="/threads/{thread_id}", route_class=PageRoute)

MOST_NEWS = 100


@router.get("/timeline")
async def thread_timeline(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Viewing,
    thread_id: UUID,
    after: Position = None,
    group: Annotated[Group | None, Emptied] = None,
    q: Annotated[str, Query(max_length=200)] = "",
    *,
    pieces: bool = False,
) -> Response:
    """A page of events in order, after a position."""
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    if after is not None and after > await here.reader.last_position():
        raise PositionIsAhead
    text = q.strip()
    wanted = Wanted(looked.sees_all, by.actor, group, text, pieces)
    shown = await timeline_page(_read(here.reader, looked), after=after or 0, wanted=wanted)
    chosen = {"group": group, "q": text, "pieces": "true" if pieces else None}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return looked.page(
        request,
        "inside/timeline.html",
        tab="timeline",
        shown=shown,
        after=after or 0,
        group=group,
        text=text,
        pieces=pieces,
        query=query,
        groups=[(one, label) for one, label in LABELS.items() if _is_seen(one, looked)],
    )


@router.get("/timeline/new")
async def timeline_news(
    request: Request, here: Here, by: Viewing, thread_id: UUID, after: Position = None
) -> Response:
    """How many events have come since, without a word of them; 204 while there are none."""
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    entries = await here.reader.read_thread_public(thread_id, after=after or 0, limit=MOST_NEWS + 1)
    news = [entry for entry in entries if looked.sees_all or is_public(entry)]
    if not news:
        return Response(status_code=204)
    return fragment("inside/news.html", thread_id=thread_id, after=after, news=news, most=MOST_NEWS)


@router.get("/events/{position}")
async def thread_event(
    request: Request, here: Here, by: Viewing, thread_id: UUID, position: int
) -> Response:
    """One event as a file: an auditor's as it is stored, else as the API gives it."""
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    return await event_file(here.reader, position, thread_id=thread_id, sees_all=looked.sees_all)


def _read(reader: LogReader, looked: Look) -> Read:
    thread_id = looked.thread.id
    if looked.sees_all:
        return lambda after, limit: reader.read_thread(thread_id, after=after, limit=limit)
    return lambda after, limit: reader.read_thread_public(thread_id, after=after, limit=limit)


def _is_seen(group: Group, looked: Look) -> bool:
    """Are there such events in a thread, for this reader?"""
    return group != "other" and (looked.sees_all or group != "models")
