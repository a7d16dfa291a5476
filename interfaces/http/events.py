"""`GET /v1/threads/{id}/events`: a thread's public events, live as a stream or as pages."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from application.commands.context import Principal, readable_thread
from domain.thread import Thread
from interfaces.http.activity import Activity
from interfaces.http.authentication import Caller, shown_key, still_permitted
from interfaces.http.cursor import position_of
from interfaces.http.event_pages import event_page
from interfaces.http.event_query import EventQuery, Events
from interfaces.http.event_stream import EventStream
from interfaces.http.in_time import TimelyRoute
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/threads/{thread_id}/events", tags=["events"], route_class=TimelyRoute)

DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A page, or with `Accept: text/event-stream` all there is and will be.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "items": {"type": "array", "items": {"type": "object"}},
                        "next": {"type": ["string", "null"]},
                    },
                    "required": ["items", "next"],
                }
            },
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    204: {"description": "`until=idle`: nothing runs, and there is nothing after the cursor."},
}


@router.get("", response_class=Response, responses=DESCRIBED)
async def get_events(
    request: Request, here: Here, by: Caller, thread_id: UUID, query: Events
) -> Response:
    """Public events after `Last-Event-ID` or `after`: an event's position, or `latest`."""
    thread = await readable_thread(here.application, thread_id, by=by)
    after = await position_of(query.cursor, thread_id=thread_id, log=here.reader)
    await here.access_log.read([(thread.id, thread.owner_id)], by=by, what="get_events")
    if query.live:
        return await _stream(here, thread, query, after=after, key=shown_key(request), by=by)
    page = await event_page(
        here.reader, thread_id, after=after, limit=query.limit, names=query.names
    )
    return Response(page, media_type="application/json")


async def _stream(
    here: Resources, thread: Thread, query: EventQuery, *, after: int, key: str, by: Principal
) -> Response:
    is_idle = None
    if query.until_idle:
        activity = Activity(thread.id, threads=here.application.threads, reader=here.reader)
        is_idle = activity.is_idle
        if await is_idle() and (await here.reader.thread_tails([thread.id]))[thread.id] <= after:
            return Response(status_code=204)
    return EventStream(
        here.hub,
        thread_id=thread.id,
        owner_id=thread.owner_id,
        after=after,
        names=query.names,
        is_idle=is_idle,
        is_allowed=lambda: still_permitted(here, key=key, by=by),
    )
