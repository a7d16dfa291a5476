"""What a person does in a conversation: each is a command, told by a redirect or to htmx by 204."""

from collections.abc import Awaitable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import RedirectResponse, Response

from application.commands import approvals, executions, messages, threads
from application.commands.completions import CancelCompletion
from application.commands.context import Principal, owned_thread
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


class Nothing(Form):
    """The address says it all."""


@router.post("/send")
async def send_message(
    request: Request, here: Here, by: Viewing, thread_id: UUID, filled: Filled
) -> Response:
    """Ask. Safe to repeat: the form has the message's id."""

    async def act() -> None:
        sent = fit(Send, filled)
        text = TextPart(sent.text)
        message = NewMessage(sent.message_id, (text,), hash_of(sent))
        command = messages.PostMessage(by, thread_id, message, when_busy=sent.when_busy)
        await messages.post_message(here.application, command)

    answer = await _acted(request, act(), by=by, thread_id=thread_id, filled=filled)
    if answer.status_code == 204:
        answer.headers["hx-trigger"] = next_id(uuid7())
    return answer


@router.post("/cancel")
async def stop_answer(
    request: Request, here: Here, by: Viewing, thread_id: UUID, filled: Filled
) -> Response:
    """Stop an answer; what it has said stays."""

    async def act() -> None:
        completion_id = fit(Stop, filled).completion_id
        thread = await owned_thread(here.application, thread_id, by=by)
        if completion_id is None and thread.turn is not None:
            completion_id = thread.turn.completion_id
        if completion_id is not None:
            await cancel(here, CancelCompletion(by, completion_id))

    return await _acted(request, act(), by=by, thread_id=thread_id, filled=filled)


@router.post("/approvals")
async def decide_approval(
    request: Request, here: Here, by: Viewing, thread_id: UUID, filled: Filled
) -> Response:
    """Let a tool run, or do not."""

    async def act() -> None:
        sent = fit(Decide, filled)
        command = approvals.AnswerApproval(
            by,
            sent.completion_id,
            sent.tool_call_id,
            approved=sent.approved,
            reason=sent.reason,
        )
        await approvals.answer_approval(here.application, command)

    return await _acted(request, act(), by=by, thread_id=thread_id, filled=filled)


@router.post("/messages/{message_id:uuid}/withdraw")
async def withdraw_waiting(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request, here: Here, by: Viewing, thread_id: UUID, message_id: UUID, filled: Filled
) -> Response:
    """Take back a message that still waits."""

    async def act() -> None:
        fit(Nothing, filled)
        command = messages.WithdrawMessage(by, thread_id, message_id)
        await messages.withdraw_message(here.application, command)

    return await _acted(request, act(), by=by, thread_id=thread_id, filled=filled)


@router.post("/executions/{execution_id:uuid}/cancel")
async def stop_tool(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request, here: Here, by: Viewing, thread_id: UUID, execution_id: UUID, filled: Filled
) -> Response:
    """Stop a background tool."""

    async def act() -> None:
        fit(Nothing, filled)
        await executions.cancel_execution(
            here.application, executions.CancelExecution(by, execution_id)
        )

    return await _acted(request, act(), by=by, thread_id=thread_id, filled=filled)


@router.post("/rename")
async def rename_conversation(
    request: Request, here: Here, by: Viewing, thread_id: UUID, filled: Filled
) -> Response:
    """Give it another title."""

    async def act() -> None:
        command = threads.RenameThread(by, thread_id, fit(Rename, filled).title)
        await threads.rename_thread(here.application, command)

    return await _acted(request, act(), by=by, thread_id=thread_id, filled=filled)


@router.post("/archive")
async def archive_conversation(
    request: Request, here: Here, by: Viewing, thread_id: UUID, filled: Filled
) -> Response:
    """It takes no more messages; what runs is stopped."""

    async def act() -> None:
        fit(Nothing, filled)
        await threads.archive_thread(here.application, threads.ArchiveThread(by, thread_id))

    return await _acted(request, act(), by=by, thread_id=thread_id, filled=filled)


async def _acted(
    request: Request,
    act: Awaitable[None],
    *,
    by: Principal,
    thread_id: UUID,
    filled: Filled,
) -> Response:
    """What comes of it, the stream tells."""
    back = f"/_admin/chat/{thread_id}"
    try:
        await act
    except REFUSED as refusal:
        return refused(request, refusal, by=by, filled=filled, back=back)
    if is_fragment_wanted(request):
        return Response(status_code=204)
    return RedirectResponse(back, 303)
