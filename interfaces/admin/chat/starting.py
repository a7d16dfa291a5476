"""The page of all conversations, and the form that begins another one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from application.commands import threads as commands
from application.commands.context import Principal
from application.commands.messages import NewMessage
from domain.content import TextPart
from domain.ids import first_message_of, uuid7
from interfaces.admin.access import may_open
from interfaces.admin.chat.finding import LONGEST_QUESTION, Question, listing
from interfaces.admin.chat.refusing import REFUSED, next_id, refused
from interfaces.admin.chat.sending import hash_of
from interfaces.admin.forms import Filled, Form, fit
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import is_fragment_wanted, page
from interfaces.admin.viewer import Viewing
from interfaces.http.agents import agents_of
from interfaces.http.fields import Name, Text
from interfaces.http.resources import Here

TITLE_CHARACTERS = 80

router = APIRouter(prefix="/chat", route_class=PageRoute)


class Begin(Form):
    """A conversation with its first message; the form brings the id, so that twice is once."""

    id: UUID
    message: Text
    agent: Name | None = None


@router.get("")
async def chat_page(
    request: Request,
    here: Here,
    by: Viewing,
    *,
    q: Annotated[str, Query(max_length=LONGEST_QUESTION)] = "",
    archived: bool = False,
    cursor: str | None = None,
) -> Response:
    """All conversations that the reader may see, the one with the latest message first."""
    words = q.replace("\0", " ").strip()  # PostgreSQL has no NUL
    question = Question(words, archived=archived, cursor=cursor or None)
    shown = await listing(here, question, by=by, what="chat_page")
    return page(
        request,
        "chat/list.html",
        by=by,
        listing=shown,
        current=None,
        may_start=may_open(by.role, "start_conversation"),
        agents=await agents_of(here),
        new_id=uuid7(),
    )


@router.post("/new")
async def start_conversation(request: Request, here: Here, by: Viewing, filled: Filled) -> Response:
    """Begin one. Safe to repeat."""
    try:
        sent = fit(Begin, filled)
        accepted = await commands.start_thread(here.application, _command(sent, by=by))
    except REFUSED as refusal:
        return refused(request, refusal, by=by, filled=filled, back="/_admin/chat")
    place = f"/_admin/chat/{accepted.thread_id}"
    if is_fragment_wanted(request):
        # A browser keeps the page for whoever goes back: with an id that is not used up.
        headers = {"hx-redirect": place, "hx-trigger": next_id(uuid7())}
        return Response(status_code=204, headers=headers)
    return RedirectResponse(f"{place}?completion_id={accepted.completion_id}", 303)


def _command(sent: Begin, *, by: Principal) -> commands.StartThread:
    request_hash = hash_of(sent)
    message_id = first_message_of(sent.id)
    return commands.StartThread(
        by=by,
        thread_id=sent.id,
        agent=sent.agent,
        title=title_of(sent.message),
        message=NewMessage(message_id, (TextPart(sent.message),), request_hash),
        request_hash=request_hash,
    )


def title_of(message: str) -> str:
    """The beginning of its first line, without a word cut in two."""
    line = " ".join(message.strip().splitlines()[0].split())
    if len(line) <= TITLE_CHARACTERS:
        return line
    whole, _, _ = line[:TITLE_CHARACTERS].rpartition(" ")
    return f"{whole or line[: TITLE_CHARACTERS - 1]}…"
