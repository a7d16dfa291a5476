"""Public events, live as a stream or as pages: of one thread, and of all threads of the caller."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from application.commands.context import Principal, owned_thread, readable_thread
from domain.thread import Thread
from infrastructure.relay.subject import OwnerEvents, Subject, ThreadEvents
from interfaces.http.activity import Activity
from interfaces.http.authentication import Caller, shown_key, still_permitted
from interfaces.http.cursor import position_of
from interfaces.http.event_pages import event_page
from interfaces.http.event_query import EventQuery, Events, Followed
from interfaces.http.event_stream import EventStream
from interfaces.http.in_time import TimelyRoute
from interfaces.http.lasting import Question
from interfaces.http.resources import Here, Resources

router = APIRouter(tags=["events"], route_class=TimelyRoute)

Until = Annotated[Literal["idle"] | None, Query()]

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
}
NOTHING_RUNS: dict[int | str, dict[str, Any]] = {
    204: {"description": "`until=idle`: nothing runs, and there is nothing after the cursor."},
}


@router.get(
    "/threads/{thread_id}/events", response_class=Response, responses=DESCRIBED | NOTHING_RUNS
)
async def get_events(
    request: Request, here: Here, by: Caller, thread_id: UUID, query: Events, *, until: Until = None
) -> Response:
    """Public events after `Last-Event-ID` or `after`: an event's position, or `latest`."""
    thread = await readable_thread(here.application, thread_id, by=by)
    subject = ThreadEvents(thread.id)
    after = await position_of(query.cursor, subject=subject, log=here.reader)
    await here.access_log.read([(thread.id, thread.owner_id)], by=by, what="get_events")
    if not query.live:
        return await _page(here, subject, query, after=after)
    is_idle = None
    if until == "idle":
        is_idle = Activity(thread.id, threads=here.application.threads, reader=here.reader).is_idle
        if await _is_over(here, thread, is_idle, after=after):
            return Response(status_code=204)
    return EventStream(
        here.hub,
        place=here.streams.place(by.user_id),
        subject=subject,
        owner_id=thread.owner_id,
        after=after,
        names=query.names,
        is_idle=is_idle,
        is_allowed=_still_permitted(request, here, by),
    )


@router.get("/events", response_class=Response, responses=DESCRIBED)
async def get_own_events(
    request: Request, here: Here, by: Caller, query: Events, follow: Followed
) -> Response:
    """Public events of all your threads, without chunks; those too of the threads in `follow`.

    After `Last-Event-ID` or `after`: a position of any event of yours, or `latest`.
    """
    for thread_id in follow:
        await owned_thread(here.application, thread_id, by=by)
    subject = OwnerEvents(by.user_id, follow)
    after = await position_of(query.cursor, subject=subject, log=here.reader)
    if not query.live:
        return await _page(here, subject, query, after=after)
    return EventStream(
        here.hub,
        place=here.streams.place(by.user_id),
        subject=subject,
        owner_id=by.user_id,
        after=after,
        names=query.names,
        is_allowed=_still_permitted(request, here, by),
    )


async def _page(here: Resources, subject: Subject, query: EventQuery, *, after: int) -> Response:
    page = await event_page(here.reader, subject, after=after, limit=query.limit, names=query.names)
    return Response(page, media_type="application/json")


async def _is_over(here: Resources, thread: Thread, is_idle: Question, *, after: int) -> bool:
    return await is_idle() and (await here.reader.thread_tails([thread.id]))[thread.id] <= after


def _still_permitted(request: Request, here: Resources, by: Principal) -> Question:
    key = shown_key(request)
    return lambda: still_permitted(here, key=key, by=by)
