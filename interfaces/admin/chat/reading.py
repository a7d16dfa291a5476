"""The page of one conversation, and its answers as they were written."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from application.commands.context import Principal, owned_thread
from domain.ids import uuid7
from domain.refusals import CompletionNotFound
from infrastructure.audit.log import LiveLog
from infrastructure.read_database import ReadTablesUnavailable
from interfaces.admin.access import may_open
from interfaces.admin.chat.finding import Listing, Question, listing
from interfaces.admin.chat.writing import may_write
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import First, Shown
from interfaces.admin.inside.look import Look, look
from interfaces.admin.live.names import SSE_SWAP
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import fragment, is_fragment_wanted, page
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/chat", route_class=PageRoute)

LIST_SECONDS = 0.3  # for the list beside a conversation to show what was just sent


@router.get("/{thread_id:uuid}")
async def conversation_page(
    request: Request, here: Here, by: Viewing, thread_id: UUID, first: First = None
) -> Response:
    """As the log has it, whatever the read tables know: what was just sent is there.

    Auditors say why first; each page of theirs is in the log before it is shown.
    """
    looked = await look(request, here, thread_id, by=by)
    if not isinstance(looked, Look):
        return looked
    read_only = not may_write(looked.thread, by=by)
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
        first=first,
        read_only=read_only,
        reason=looked.reason,
        sse_swap=SSE_SWAP,
        message_id=uuid7(),
        has_list=has_list,
        listing=await _beside(here, conversation.position, by=by) if has_list else None,
        current=thread_id,
        may_start=may_open(by.role, "start_conversation"),
    )


@router.get("/{thread_id:uuid}/answers/{completion_id:uuid}")
async def answer_markdown(
    request: Request, here: Here, by: Viewing, thread_id: UUID, completion_id: UUID
) -> Response:
    """What an answer says so far, for the clipboard; an auditor's look is one like the page's."""
    looked = await look(request, here, thread_id, by=by)
    if not isinstance(looked, Look):
        return looked
    conversation = await conversation_at(LiveLog(here.reader), thread_id)
    answer = conversation.answers.get(completion_id)
    if answer is None:
        raise CompletionNotFound
    return PlainTextResponse(answer.markdown)


@router.get("/{thread_id:uuid}/beside")
async def conversations_beside(here: Here, by: Viewing, thread_id: UUID) -> Response:
    """The list beside a conversation once more, when something in this one has changed."""
    thread = await owned_thread(here.application, thread_id, by=by)
    tails = await here.reader.thread_tails([thread.id])
    shown = await _beside(here, tails.get(thread.id, 0), by=by)
    if shown is None:
        return Response(status_code=204)
    return fragment("chat/thread_list.html", listing=shown, current=thread.id, may_start=True)


async def _beside(here: Resources, position: int, *, by: Principal) -> Listing | None:
    """The list, with what is at this position if the tables have come so far in a moment.

    None while they cannot be read: the conversation itself can.
    """
    try:
        await here.tables.wait_for_position(position, timeout_seconds=LIST_SECONDS)
        return await listing(here, Question(), by=by, what="conversation_page")
    except ReadTablesUnavailable:
        return None
