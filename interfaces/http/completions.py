"""Completions: how far an answer is, what it said and cost; stop one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, JsonValue

from application.commands.completions import CancelCompletion
from domain.completion import Status
from interfaces.http.authentication import Caller
from interfaces.http.fields import Reason
from interfaces.http.freshness import Fresh
from interfaces.http.in_time import TimelyRoute
from interfaces.http.json_body import Body, Sent, described, json_body
from interfaces.http.paging import Listed, Pages, page_of
from interfaces.http.resources import Here, Resources
from interfaces.http.shown_completions import (
    cancel,
    open_events,
    open_questions,
    shown_completion,
    text_of,
)
from interfaces.http.shown_threads import shown_thread
from projections import completions
from projections.completions import Completion

router = APIRouter(tags=["completions"], route_class=TimelyRoute)


class Cancel(Body):
    """Why, if you like to say."""

    reason: Reason | None = None


class CancelAnswer(Cancel):
    """Its background tools are stopped too, unless you say otherwise."""

    tools: bool = True


class Cancelled(BaseModel):
    """Where the completion stands; a running one ends within seconds."""

    status: Status
    position: int


class Failure(BaseModel):
    """Why there is no whole answer."""

    type: str
    message: str
    details: dict[str, JsonValue] | None


class OpenQuestion(BaseModel):
    """A tool call that waits for you: POST …/approvals answers it."""

    model_config = ConfigDict(from_attributes=True)

    tool_call_id: str
    tool: str
    arguments: dict[str, JsonValue]


class CompletionView(BaseModel):
    """One answer. The text of an open one is what has been said so far."""

    id: UUID
    thread_id: UUID
    message_id: UUID
    agent: str | None
    model: str | None
    status: Status
    text: str
    waiting_for: list[OpenQuestion]
    error: Failure | None
    cancel_reason: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_microdollars: int | None
    time_to_first_token_ms: int | None
    duration_ms: int | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


async def _view(here: Resources, row: Completion) -> CompletionView:
    failure = None
    if row.error_type is not None:
        failure = Failure(
            type=row.error_type, message=row.error_message or "", details=row.error_details
        )
    events = await open_events(here.application.log, row)
    return CompletionView(
        id=row.id,
        thread_id=row.thread_id,
        message_id=row.message_id,
        agent=row.agent,
        model=row.model,
        status=row.status,
        text=text_of(row, events),
        waiting_for=list(map(OpenQuestion.model_validate, open_questions(row, events))),
        error=failure,
        cancel_reason=row.error_message if row.status == "cancelled" else None,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        cost_microdollars=row.cost_microdollars,
        time_to_first_token_ms=row.time_to_first_token_ms,
        duration_ms=row.latency_ms,
        attempts=row.attempts,
        created_at=row.created_at,
        started_at=row.started_at,
        completed_at=row.completed_at,
    )


@router.get("/completions/{completion_id}", dependencies=[Fresh])
async def get_completion(here: Here, by: Caller, completion_id: UUID) -> CompletionView:
    """One answer."""
    row = await shown_completion(here, completion_id, by=by)
    await here.access_log.read([(row.thread_id, row.user_id)], by=by, what="get_completion")
    return await _view(here, row)


@router.get("/threads/{thread_id}/completions", dependencies=[Fresh])
async def list_completions(
    here: Here, by: Caller, thread_id: UUID, pages: Pages
) -> Listed[CompletionView]:
    """The answers of a thread in the order in which they were asked for."""
    await shown_thread(here, thread_id, by=by, what="list_completions")
    async with here.tables.session() as session:
        page = await completions.list_of_thread(
            session, thread_id, reader=by, limit=pages.limit, cursor=pages.number("completions")
        )
    views = [await _view(here, row) for row in page.items]
    return page_of(views, kind="completions", after=page.next)


@router.post(
    "/completions/{completion_id}/cancel",
    status_code=202,
    responses={200: {"model": Cancelled, "description": "It had ended before."}},
    openapi_extra=described(CancelAnswer, optional=True),
)
async def cancel_completion(
    here: Here,
    by: Caller,
    completion_id: UUID,
    sent: Annotated[Sent[CancelAnswer], Depends(json_body(CancelAnswer, optional=True))],
    response: Response,
) -> Cancelled:
    """Stop an answer, or withdraw the message that waits for it. Safe to repeat."""
    command = CancelCompletion(by, completion_id, sent.body.reason, tools=sent.body.tools)
    done = await cancel(here, command)
    if done.ended_before:
        response.status_code = 200
    return Cancelled(status=done.status, position=done.position)
