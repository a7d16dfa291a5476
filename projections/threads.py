"""Threads: a row for each conversation, as lists of conversations show it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.thread_events import (
    HeadMoved,
    MessageAdded,
    MessageDelivered,
    ThreadCompletionRequested,
    ThreadRenamed,
    ThreadStarted,
    TurnEnded,
)
from projections.listing import Page, Reader, may_see, newest_first
from projections.messages import Message
from projections.parts import text_of
from projections.rows import Rows
from projections.schema import ReadModel, moment, thread_of

PREVIEW_CHARACTERS = 200


class Thread(ReadModel, kw_only=True):
    """A conversation. Its tree of messages is read from `head` upwards."""

    __tablename__ = "threads"
    __table_args__ = (
        Index("threads_position", "position"),
        Index("threads_user", "user_id", "position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agent: Mapped[str]
    title: Mapped[str | None] = mapped_column(default=None)
    metadata_: Mapped[JsonObject] = mapped_column("metadata", JSONB)
    head: Mapped[UUID | None] = mapped_column(default=None)  # the next message goes below it
    active_completion_id: Mapped[UUID | None] = mapped_column(default=None)  # whose turn it is
    archived: Mapped[bool] = mapped_column(default=False)
    message_count: Mapped[int] = mapped_column(default=0)  # in the tree, all branches
    last_message_preview: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


def started(rows: Rows, recorded: Recorded[object], event: ThreadStarted) -> None:
    """A conversation begins."""
    row = Thread(
        id=recorded.stream_id,
        user_id=event.owner_id,
        agent=event.agent,
        title=event.title,
        metadata_=event.metadata,
        created_at=moment(recorded),
        updated_at=moment(recorded),
        position=recorded.position,
    )
    rows.add(row)


def message_entered(
    rows: Rows, recorded: Recorded[object], event: MessageAdded | MessageDelivered
) -> None:
    """A user's message is the new head."""
    row = touched(rows, recorded)
    row.head = event.message_id
    _count(rows, row, message_id=event.message_id)


def turn_given(rows: Rows, recorded: Recorded[object], event: ThreadCompletionRequested) -> None:
    """An answer is under way."""
    touched(rows, recorded).active_completion_id = event.completion_id


def turn_ended(rows: Rows, recorded: Recorded[object], event: TurnEnded) -> None:
    """The answer is the new head, if there is one and nobody moved the head meanwhile."""
    row = touched(rows, recorded)
    row.active_completion_id = None
    row.head = event.head
    if event.answered:
        _count(rows, row, message_id=event.completion_id)


def head_moved(rows: Rows, recorded: Recorded[object], event: HeadMoved) -> None:
    """Another branch is the current one."""
    touched(rows, recorded).head = event.head


def renamed(rows: Rows, recorded: Recorded[object], event: ThreadRenamed) -> None:
    """The title changed."""
    touched(rows, recorded).title = event.title


def archived(rows: Rows, recorded: Recorded[object]) -> None:
    """It takes no more messages."""
    touched(rows, recorded).archived = True


def touched(rows: Rows, recorded: Recorded[object]) -> Thread:
    """Something happened in it; `updated_at` says when."""
    row = rows.get(Thread, thread_of(recorded))
    row.updated_at = moment(recorded)
    return row


def _count(rows: Rows, row: Thread, *, message_id: UUID) -> None:
    row.message_count += 1
    text = text_of(rows.get(Message, message_id, row.id).parts)
    row.last_message_preview = text[:PREVIEW_CHARACTERS] or row.last_message_preview


async def get(session: AsyncSession, thread_id: UUID, *, reader: Reader) -> Thread | None:
    """One thread; None also where the reader may not see it."""
    return await session.scalar(
        select(Thread).where(Thread.id == thread_id, may_see(reader, Thread))
    )


async def list_newest(
    session: AsyncSession,
    *,
    reader: Reader,
    limit: int = 50,
    cursor: int | None = None,
    archived: bool = False,
) -> Page[Thread]:
    """Threads that are in use, or the archived ones, the one started last first."""
    query = select(Thread).where(may_see(reader, Thread), Thread.archived.is_(archived))
    return await newest_first(session, query, model=Thread, limit=limit, cursor=cursor)
