"""The page of one conversation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from application.commands.context import Principal, readable_thread
from domain.ids import uuid7
from infrastructure.audit.log import LiveLog
from infrastructure.read_database import ReadTablesUnavailable
from interfaces.admin.access import may_open
from interfaces.admin.chat.finding import Listing, Question, listing
from interfaces.admin.chat.writing import may_write
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import Shown
from interfaces.admin.live.names import SSE_SWAP
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import is_fragment_wanted, page
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/chat", route_class=PageRoute)

LIST_SECONDS = 0.3  # for the list beside a conversation to show what was just sent

First = Annotated[int | None, Query(ge=0, lt=2**31)]


@router.get("/{thread_id:uuid}")
async def conversation_page(
    request: Request, here: Here, by: Viewing, thread_id: UUID, first: First = None
) -> Response:
    """As the log has it, whatever the read tables know: what was just sent is there."""
    thread = await readable_thread(here.application, thread_id, by=by)
    await here.access_log.read([(thread.id, thread.owner_id)], by=by, what="conversation_page")
    read_only = not may_write(thread, by=by)
    conversation = await conversation_at(LiveLog(here.reader), thread_id)
    shown = Shown(conversation, read_only=read_only, first=first)
    await shown.typeset()
    partly = is_fragment_wanted(request)
    has_list = not read_only and not partly
    return page(
        request,
        "chat/talk.html" if partly else "chat/conversation.html",
        by=by,
        c=conversation,
        shown=shown,
        read_only=read_only,
        sse_swap=SSE_SWAP,
        message_id=uuid7(),
        has_list=has_list,
        listing=await _beside(here, conversation.position, by=by) if has_list else None,
        current=thread_id,
        may_start=may_open(by.role, "start_conversation"),
    )


async def _beside(here: Resources, position: int, *, by: Principal) -> Listing | None:
    """The list, with what is at this position if the tables have come so far in a moment.

    None while they cannot be read: the conversation itself can.
    """
    try:
        await here.tables.wait_for_position(position, timeout_seconds=LIST_SECONDS)
        return await listing(here, Question(), by=by, what="conversation_page")
    except ReadTablesUnavailable:
        return None
