"""Messages: read a thread's, post one, withdraw one that still waits."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, JsonValue

from application.commands import messages as commands
from application.commands.messages import NewMessage
from domain.thread_events import QueueMode
from interfaces.http.authentication import Caller
from interfaces.http.freshness import Fresh
from interfaces.http.idempotency import IdempotencyKey, new_id, one_effect
from interfaces.http.in_time import TimelyRoute
from interfaces.http.json_body import Sent, described, json_body
from interfaces.http.paging import Listed, Pages, page_of
from interfaces.http.resources import Here
from interfaces.http.shown_branch import branch_page
from interfaces.http.shown_threads import shown_thread
from interfaces.http.written import MessageBody, Written
from projections import messages

router = APIRouter(
    prefix="/threads/{thread_id}/messages", tags=["messages"], route_class=TimelyRoute
)


class PostMessage(MessageBody):
    """A message that asks for an answer, now or when the thread is no longer busy."""

    parent_id: UUID | None = None
    when_busy: Literal["enqueue", "interrupt", "steer", "reject"] = "enqueue"

    @property
    def queue_mode(self) -> QueueMode | None:
        """None: rather not at all than later."""
        return None if self.when_busy == "reject" else self.when_busy


class Posted(BaseModel):
    """The answer to the same request is always the same."""

    model_config = ConfigDict(from_attributes=True)

    message_id: UUID
    completion_id: UUID
    position: int


class MessageView(BaseModel):
    """Something that a user wrote, or an answer: its parts in order."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    thread_id: UUID
    parent_id: UUID | None
    completion_id: UUID | None
    role: messages.Role
    status: messages.MessageStatus
    parts: list[dict[str, JsonValue]]
    created_at: datetime


@router.get("", dependencies=[Fresh])
async def list_messages(
    here: Here,
    by: Caller,
    thread_id: UUID,
    pages: Pages,
    whole_tree: Annotated[bool, Query(alias="all")] = False,
) -> Listed[MessageView]:
    """The current branch from its first message on; with `all` every branch and what waits."""
    thread = await shown_thread(here, thread_id, by=by, what="list_messages")
    async with here.tables.session() as session:
        if not whole_tree:
            rows, after = await branch_page(session, thread, pages=pages, by=by)
            return Listed(items=list(map(MessageView.model_validate, rows)), next=after)
        page = await messages.tree(
            session, thread_id, reader=by, limit=pages.limit, cursor=pages.number("messages")
        )
    return page_of(map(MessageView.model_validate, page.items), kind="messages", after=page.next)


@router.post("", status_code=202, openapi_extra=described(PostMessage))
async def post_message(
    here: Here,
    by: Caller,
    thread_id: UUID,
    key: IdempotencyKey,
    sent: Annotated[Sent[PostMessage], Depends(json_body(PostMessage))],
) -> Posted:
    """Ask. Safe to repeat with the same id or Idempotency-Key."""
    route = f"POST /v1/threads/{thread_id}/messages"
    message_id = new_id(sent.body.id, key=key, by=by, route=route)
    command = commands.PostMessage(
        by=by,
        thread_id=thread_id,
        message=NewMessage(message_id.id, sent.body.all_parts, sent.hash),
        parent_id=sent.body.parent_id,
        when_busy=sent.body.queue_mode,
    )
    with one_effect(message_id):
        return Posted.model_validate(await commands.post_message(here.application, command))


@router.delete("/{message_id}", status_code=202)
async def withdraw_message(here: Here, by: Caller, thread_id: UUID, message_id: UUID) -> Written:
    """Take back a message that still waits for its turn."""
    command = commands.WithdrawMessage(by, thread_id, message_id)
    return Written(position=await commands.withdraw_message(here.application, command))
