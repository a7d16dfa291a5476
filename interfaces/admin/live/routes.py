"""The address of a page's live stream."""

from collections.abc import Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from application.audit.refusals import (
    AuditReasonMissing,
    EventCannotBeApplied,
    ThreadNotStartedThen,
)
from application.commands.context import readable_thread
from domain.thread import Thread
from infrastructure.audit.log import LiveLog
from infrastructure.relay.subject import ThreadEvents
from interfaces.admin.chat.writing import may_write
from interfaces.admin.conversation.conversation import Conversation
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import First, Shown
from interfaces.admin.inside.reason_cookie import kept_reason
from interfaces.admin.live.shown_page import ShownPage
from interfaces.admin.live.stream import ConversationStream
from interfaces.admin.viewer import Viewing, still_viewing
from interfaces.http.cursor import FROM_THE_START, position_of, read_cursor
from interfaces.http.in_time import TimelyRoute
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/_events", route_class=TimelyRoute)


@router.get("/chat/{thread_id}", response_class=Response)
async def chat_stream(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Viewing,
    thread_id: UUID,
    last_event_id: Annotated[list[str] | None, Header()] = None,
    after: Annotated[list[str] | None, Query()] = None,
    first: First = None,
) -> Response:
    """A conversation as it goes on after `Last-Event-ID` or `after`; without them all of it.

    Auditors have given a reason before, on the page.
    `first`: as the page has it in its own address.
    """
    thread = await readable_thread(here.application, thread_id, by=by)
    if by.reads_all and kept_reason(request, by) is None:
        raise AuditReasonMissing
    cursor = read_cursor(last_event_id or (), after=after or ())
    place = await position_of(cursor, subject=ThreadEvents(thread.id), log=here.reader)
    await here.access_log.read([(thread.id, thread.owner_id)], by=by, what="chat_stream")
    make = partial(Shown, read_only=not may_write(thread, by=by), first=first)
    page = await _page(here, thread, place, make=make)
    return ConversationStream(
        here.hub,
        page,
        place=here.streams.place(by.user_id),
        owner_id=thread.owner_id,
        is_allowed=still_viewing(request, here, by),
    )


async def _page(
    here: Resources, thread: Thread, place: int, *, make: Callable[[Conversation], Shown]
) -> ShownPage:
    """As it stood at that place; where nobody can tell, as it is now, and the page has nothing."""
    log, has_nothing = LiveLog(here.reader), place == FROM_THE_START
    try:
        conversation = await conversation_at(log, thread.id, None if has_nothing else place)
    except (ThreadNotStartedThen, EventCannotBeApplied):
        if has_nothing:
            raise
        return await _page(here, thread, FROM_THE_START, make=make)
    shown = make(conversation)
    if has_nothing:
        await shown.typeset()
    return ShownPage(shown, reader=here.reader, has_nothing=has_nothing)
