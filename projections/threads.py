"""Threads: a row for each conversation, as lists of conversations show it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import Index, Select, Text, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, aliased, mapped_column

from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.thread_events import (
    HeadMoved,
    MessageAdded,
    MessageDelivered,
    MessageQueued,
    MessageWithdrawn,
    ThreadCompletionRequested,
    ThreadRenamed,
    ThreadStarted,
    TurnEnded,
)
from projections.listing import Page, Reader, may_see, newest_first
from projections.messages import Message, Role
from projections.parts import text_of
from projections.rows import Rows
from projections.schema import ReadModel, moment, thread_of

PREVIEW_CHARACTERS = 200
NEWEST = 1_000  # whose titles are looked through

S = TypeVar("S", bound=Select[Any])

Order: TypeAlias = Literal["started", "activity"]


class Thread(ReadModel, kw_only=True):
    """A conversation. Its tree of messages is read from `head` upwards."""

    __tablename__ = "threads"
    __table_args__ = (
        Index("threads_position", "position"),
        Index("threads_user", "user_id", "position"),
        Index("threads_activity", "archived", "active_position"),
        Index("threads_user_activity", "user_id", "archived", "active_position"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agent: Mapped[str]
    title: Mapped[str | None] = mapped_column(default=None)
    metadata_: Mapped[JsonObject] = mapped_column("metadata", JSONB)
    head: Mapped[UUID | None] = mapped_column(default=None)  # the next message goes below it
    active_completion_id: Mapped[UUID | None] = mapped_column(default=None)  # whose turn it is
    archived: Mapped[bool] = mapped_column(default=False)
    message_count: Mapped[int] = mapped_column(default=0)  # in the tree, all branches
    user_message_count: Mapped[int] = mapped_column(default=0)  # of these
    assistant_message_count: Mapped[int] = mapped_column(default=0)  # of these
    queued_message_count: Mapped[int] = mapped_column(default=0)  # that wait, outside the tree
    last_message_role: Mapped[Role | None] = mapped_column(Text, default=None)
    last_message_preview: Mapped[str | None] = mapped_column(default=None)  # None: it has no text
    last_message_at: Mapped[datetime | None] = mapped_column(default=None)
    last_message_position: Mapped[int | None] = mapped_column(default=None)  # it entered the tree
    active_position: Mapped[int] = mapped_column(default=0)  # the same, or where it was started
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
        active_position=recorded.position,
    )
    rows.add(row)


def message_entered(
    rows: Rows, recorded: Recorded[object], event: MessageAdded | MessageDelivered
) -> None:
    """A user's message is the new head."""
    row = touched(rows, recorded)
    row.head = event.message_id
    row.user_message_count += 1
    if isinstance(event, MessageDelivered):
        row.queued_message_count -= 1
    _came(rows, recorded, row, message_id=event.message_id)


def message_queued(rows: Rows, recorded: Recorded[object], event: MessageQueued) -> None:
    """A user's message waits; it is the last one when it enters the tree."""
    touched(rows, recorded).queued_message_count += 1


def message_withdrawn(rows: Rows, recorded: Recorded[object], event: MessageWithdrawn) -> None:
    """One waits no more."""
    touched(rows, recorded).queued_message_count -= 1


def turn_given(rows: Rows, recorded: Recorded[object], event: ThreadCompletionRequested) -> None:
    """An answer is under way."""
    touched(rows, recorded).active_completion_id = event.completion_id


def turn_ended(rows: Rows, recorded: Recorded[object], event: TurnEnded) -> None:
    """The answer is the new head, if there is one and nobody moved the head meanwhile."""
    row = touched(rows, recorded)
    row.active_completion_id = None
    row.head = event.head
    if event.answered:
        row.assistant_message_count += 1
        _came(rows, recorded, row, message_id=event.completion_id)


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


def _came(rows: Rows, recorded: Recorded[object], row: Thread, *, message_id: UUID) -> None:
    message = rows.get(Message, message_id, row.id)
    row.message_count += 1
    row.last_message_role = message.role
    row.last_message_preview = text_of(message.parts)[:PREVIEW_CHARACTERS] or None
    row.last_message_at = moment(recorded)
    row.last_message_position = row.active_position = recorded.position


async def get(session: AsyncSession, thread_id: UUID, *, reader: Reader) -> Thread | None:
    """One thread; None also where the reader may not see it."""
    return await session.scalar(
        select(Thread).where(Thread.id == thread_id, may_see(reader, Thread))
    )


async def list_newest(
    session: AsyncSession,
    *,
    reader: Reader,
    order: Order = "started",
    limit: int = 50,
    cursor: int | None = None,
    archived: bool = False,
    active_after: int | None = None,
) -> Page[Thread]:
    """Threads that are in use, or the archived ones, the one started last first.

    By activity it is the one with the latest message. Then too no thread is on two pages; one that
    was on none because it moved meanwhile is active after the position that the rows showed first.
    """
    query = _listed(select(Thread), reader, archived=archived, active_after=active_after)
    place = Thread.position if order == "started" else Thread.active_position
    return await newest_first(session, query, place=place, limit=limit, cursor=cursor)


async def titled(
    session: AsyncSession, words: str, *, reader: Reader, limit: int
) -> Sequence[Thread]:
    """Of the 1,000 latest by activity those whose title has every word, the latest first."""
    seen = select(Thread).where(may_see(reader, Thread)).order_by(Thread.active_position.desc())
    latest = aliased(Thread, seen.limit(NEWEST).subquery("latest"))
    has_all = [latest.title.icontains(word, autoescape=True) for word in words.split()]
    query = select(latest).where(*has_all).order_by(latest.active_position.desc())
    return (await session.scalars(query.limit(limit))).all()


async def count(
    session: AsyncSession,
    *,
    reader: Reader,
    archived: bool = False,
    active_after: int | None = None,
) -> int:
    """How many `list_newest` shows on all pages."""
    query = select(func.count(Thread.active_position))
    query = _listed(query, reader, archived=archived, active_after=active_after)
    return await session.scalar(query) or 0


def _listed(query: S, reader: Reader, *, archived: bool, active_after: int | None) -> S:
    query = query.where(may_see(reader, Thread), Thread.archived.is_(archived))
    return query if active_after is None else query.where(Thread.active_position > active_after)
