"""What a person does in a conversation: each is a command, told by a redirect or to htmx by 204."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from application.commands import approvals, executions, messages, threads
from application.commands.completions import CancelCompletion
from application.commands.context import owned_thread
from application.commands.messages import NewMessage
from domain.content import TextPart
from domain.ids import uuid7
from interfaces.admin.chat.refusing import REFUSED, next_id, refused
from interfaces.admin.chat.sending import hash_of
from interfaces.admin.forms import Filled, Form, fit
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import is_fragment_wanted
from interfaces.admin.viewer import Viewing
from interfaces.http.fields import Reason, Text, Title
from interfaces.http.resources import Here
from interfaces.http.shown_completions import cancel

router = APIRouter(prefix="/chat/{thread_id:uuid}", route_class=PageRoute)


class Send(Form):
    """A message, and what becomes of the answer that is under way."""

    message_id: UUID
    text: Text
    when_busy: Literal["enqueue", "steer", "interrupt"] = "enqueue"


class Stop(Form):
    """The answer; none: whichever is under way."""

    completion_id: UUID | None = None


class Decide(Form):
    """May a tool run?"""

    completion_id: UUID
    tool_call_id: Annotated[str, Field(min_length=1, max_length=1000)]
    approved: bool
    reason: Reason | None = None


class Rename(Form):
    """Another title."""

    title: Title


@dataclass(frozen=True)
class Act:
    """Who wants something done, in which conversation, and the form that says what."""

    request: Request
    by: Viewing
    thread_id: UUID
    filled: Filled

    async def answer(self, doing: Awaitable[None]) -> Response:
        """Back to the conversation, once it is done; what comes of it, the stream tells."""
        back = f"/_admin/chat/{self.thread_id}"
        try:
            await doing
        except REFUSED as refusal:
            return refused(self.request, refusal, by=self.by, filled=self.filled, back=back)
        if is_fragment_wanted(self.request):
            return Response(status_code=204)
        return RedirectResponse(back, 303)


Acting = Annotated[Act, Depends()]


@router.post("/send")
async def send_message(here: Here, act: Acting) -> Response:
    """Ask. Safe to repeat: the form has the message's id."""

    async def do() -> None:
        sent = fit(Send, act.filled)
        text = TextPart(sent.text)
        message = NewMessage(sent.message_id, (text,), hash_of(sent))
        command = messages.PostMessage(act.by, act.thread_id, message, when_busy=sent.when_busy)
        await messages.post_message(here.application, command)

    answer = await act.answer(do())
    if answer.status_code == 204:
        answer.headers["hx-trigger"] = next_id(uuid7())
    return answer


@router.post("/cancel")
async def stop_answer(here: Here, act: Acting) -> Response:
    """Stop an answer; what it has said stays."""

    async def do() -> None:
        completion_id = fit(Stop, act.filled).completion_id
        thread = await owned_thread(here.application, act.thread_id, by=act.by)
        if completion_id is None and thread.turn is not None:
            completion_id = thread.turn.completion_id
        if completion_id is not None:
            await cancel(here, CancelCompletion(act.by, completion_id))

    return await act.answer(do())


@router.post("/approvals")
async def decide_approval(here: Here, act: Acting) -> Response:
    """Let a tool run, or do not."""

    async def do() -> None:
        sent = fit(Decide, act.filled)
        command = approvals.AnswerApproval(
            act.by,
            sent.completion_id,
            sent.tool_call_id,
            approved=sent.approved,
            reason=sent.reason,
        )
        await approvals.answer_approval(here.application, command)

    return await act.answer(do())


@router.post("/messages/{message_id:uuid}/withdraw")
async def withdraw_waiting(here: Here, act: Acting, message_id: UUID) -> Response:
    """Take back a message that still waits."""

    async def do() -> None:
        fit(Form, act.filled)
        command = messages.WithdrawMessage(act.by, act.thread_id, message_id)
        await messages.withdraw_message(here.application, command)

    return await act.answer(do())


@router.post("/executions/{execution_id:uuid}/cancel")
async def stop_tool(here: Here, act: Acting, execution_id: UUID) -> Response:
    """Stop a background tool."""

    async def do() -> None:
        fit(Form, act.filled)
        await executions.cancel_execution(
            here.application, executions.CancelExecution(act.by, execution_id)
        )

    return await act.answer(do())


@router.post("/rename")
async def rename_conversation(here: Here, act: Acting) -> Response:
    """Give it another title."""

    async def do() -> None:
        command = threads.RenameThread(act.by, act.thread_id, fit(Rename, act.filled).title)
        await threads.rename_thread(here.application, command)

    return await act.answer(do())


@router.post("/archive")
async def archive_conversation(here: Here, act: Acting) -> Response:
    """It takes no more messages; what runs is stopped."""

    async def do() -> None:
        fit(Form, act.filled)
        await threads.archive_thread(here.application, threads.ArchiveThread(act.by, act.thread_id))

    return await act.answer(do())
