"""Threads: start one, list and read them, rename, archive."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue

from application.commands import threads as commands
from application.commands.context import Principal
from application.commands.messages import NewMessage
from domain.ids import first_message_of
from interfaces.http.authentication import Caller
from interfaces.http.fields import Metadata, Name, Title
from interfaces.http.freshness import Fresh, in_the_log
from interfaces.http.idempotency import IdempotencyKey, new_id, one_effect
from interfaces.http.in_time import TimelyRoute
from interfaces.http.json_body import Body, Sent, described, json_body
from interfaces.http.paging import Listed, Pages, page_of
from interfaces.http.resources import Here, Resources
from interfaces.http.shown_threads import shown_thread
from interfaces.http.written import MessageBody, Written
from projections import threads
from projections.messages import Role

router = APIRouter(prefix="/threads", tags=["threads"], route_class=TimelyRoute)

# Of the cursors of each order: a place in one list is none in the other.
KINDS: Mapping[threads.Order, str] = {"started": "threads", "activity": "threads-by-activity"}


class StartThread(Body):
    """A conversation, with its first message if there is one."""

    id: UUID | None = None
    agent: Name | None = None
    title: Title | None = None
    metadata: Metadata = Field(default_factory=dict[str, JsonValue])
    message: MessageBody | None = None


class RenameThread(Body):
    """Another title."""

    title: Title


class Started(BaseModel):
    """The answer to the same request is always the same."""

    model_config = ConfigDict(from_attributes=True)

    thread_id: UUID
    message_id: UUID | None
    completion_id: UUID | None
    position: int


class ThreadView(BaseModel):
    """A conversation as lists show it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID
    agent: str
    title: str | None
    metadata: dict[str, JsonValue] = Field(validation_alias=AliasChoices("metadata_"))
    head: UUID | None
    active_completion_id: UUID | None
    archived: bool
    message_count: int
    user_message_count: int
    assistant_message_count: int
    queued_message_count: int
    last_message_role: Role | None
    last_message_preview: str | None
    last_message_at: datetime | None
    last_message_position: int | None
    created_at: datetime
    updated_at: datetime


class ThreadPage(Listed[ThreadView]):
    """Threads as of a position of the log: what moves later is `active_after` it."""

    position: int


class ThreadCount(BaseModel):
    """How many threads, as of a position of the log."""

    count: int
    position: int


Position = Annotated[int | None, Query(ge=0, lt=2**63)]


@router.post(
    "",
    status_code=201,
    response_model_exclude_none=True,
    openapi_extra=described(StartThread, optional=True),
)
async def start_thread(
    here: Here,
    by: Caller,
    key: IdempotencyKey,
    sent: Annotated[Sent[StartThread], Depends(json_body(StartThread, optional=True))],
) -> Started:
    """Begin a conversation. Safe to repeat with the same id or Idempotency-Key."""
    thread_id = new_id(sent.body.id, key=key, by=by, route="POST /v1/threads")
    with one_effect(thread_id):
        accepted = await commands.start_thread(
            here.application, _command(sent, thread_id.id, by=by)
        )
    return Started.model_validate(accepted)


def _command(sent: Sent[StartThread], thread_id: UUID, *, by: Principal) -> commands.StartThread:
    body, message = sent.body, None
    if body.message is not None:
        message_id = body.message.id or first_message_of(thread_id)
        message = NewMessage(message_id, body.message.all_parts, sent.hash_of("message"))
    return commands.StartThread(
        by=by,
        thread_id=thread_id,
        agent=body.agent,
        title=body.title,
        metadata=body.metadata,
        message=message,
        request_hash=sent.hash,
    )


@router.get("", dependencies=[Fresh])
async def list_threads(
    here: Here,
    by: Caller,
    pages: Pages,
    *,
    order: threads.Order = "started",
    archived: bool = False,
    active_after: Position = None,
) -> ThreadPage:
    """The caller's threads, the one started last first, or by activity: the one with the latest
    message first; `active_after` only those with a message since."""
    kind = KINDS[order]
    cursor, position = pages.number(kind), await _shown_position(here, active_after)
    async with here.tables.session() as session:
        page = await threads.list_newest(
            session,
            reader=by,
            order=order,
            limit=pages.limit,
            cursor=cursor,
            archived=archived,
            active_after=active_after,
        )
    await here.access_log.read(
        ((row.id, row.user_id) for row in page.items), by=by, what="list_threads"
    )
    listed = page_of(map(ThreadView.model_validate, page.items), kind=kind, after=page.next)
    return ThreadPage(items=listed.items, next=listed.next, position=position)


@router.get("/count", dependencies=[Fresh])
async def count_threads(
    here: Here, by: Caller, *, archived: bool = False, active_after: Position = None
) -> ThreadCount:
    """How many threads the caller has, or how many of them have a message since."""
    position = await _shown_position(here, active_after)
    async with here.tables.session() as session:
        count = await threads.count(
            session, reader=by, archived=archived, active_after=active_after
        )
    return ThreadCount(count=count, position=position)


async def _shown_position(here: Resources, active_after: int | None) -> int:
    """What the read tables show at least. Raises PositionIsAhead for what is not in the log."""
    checkpoint = await here.tables.checkpoint()
    shown = 0 if checkpoint is None else checkpoint.position
    if active_after is not None and active_after > shown:
        await in_the_log(here, active_after)
    return shown


@router.get("/{thread_id}", dependencies=[Fresh])
async def get_thread(here: Here, by: Caller, thread_id: UUID) -> ThreadView:
    """One thread."""
    return ThreadView.model_validate(await shown_thread(here, thread_id, by=by, what="get_thread"))


@router.patch("/{thread_id}", openapi_extra=described(RenameThread))
async def rename_thread(
    here: Here,
    by: Caller,
    thread_id: UUID,
    sent: Annotated[Sent[RenameThread], Depends(json_body(RenameThread))],
) -> Written:
    """Give a thread another title."""
    command = commands.RenameThread(by, thread_id, sent.body.title)
    return Written(position=await commands.rename_thread(here.application, command))


@router.delete("/{thread_id}", status_code=202)
async def archive_thread(here: Here, by: Caller, thread_id: UUID) -> Written:
    """Archive a thread: it takes no more messages, what waits is withdrawn, what runs stops."""
    command = commands.ArchiveThread(by, thread_id)
    return Written(position=await commands.archive_thread(here.application, command))
