"""Messages: a row for each thing that a user wrote and for each answer, as a tree."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from sqlalchemy import CTE, Index, Text, literal, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.completion_events import InputTaken, MessageRecorded
from domain.content import TextPart
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.thread_events import (
    MessageAdded,
    MessageDelivered,
    MessageQueued,
    MessageWithdrawn,
    ThreadCompletionRequested,
    TurnEnded,
)
from projections import completions
from projections.completions import Completion
from projections.listing import Page, Reader, may_see, oldest_first
from projections.parts import parts_of
from projections.rows import Rows
from projections.schema import ReadModel, moment, owner_of, thread_of

Role: TypeAlias = Literal["user", "assistant"]
MessageStatus: TypeAlias = Literal["queued", "delivered", "withdrawn"]

LONGEST_PATH = 100_000  # messages; no branch is longer, whatever the tree looks like


class Message(ReadModel, kw_only=True):
    """A message. An answer's id is its completion's id, and its parts grow step by step.

    A user chooses the ids of messages, so they are unique within a thread only.
    """

    __tablename__ = "messages"
    __table_args__ = (Index("messages_thread", "thread_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID] = mapped_column(primary_key=True)
    parent_id: Mapped[UUID | None] = mapped_column(default=None)
    completion_id: Mapped[UUID | None] = mapped_column(default=None)  # that wrote or answers it
    role: Mapped[Role] = mapped_column(Text)
    status: Mapped[MessageStatus] = mapped_column(Text, default="delivered")
    parts: Mapped[list[JsonObject]] = mapped_column(JSONB)
    created_at: Mapped[datetime]


def added(rows: Rows, recorded: Recorded[object], event: MessageAdded) -> None:
    """A user's message entered the tree."""
    row = _written(rows, recorded, event.message_id, parts=event.parts)
    row.parent_id = event.parent_id


def queued(rows: Rows, recorded: Recorded[object], event: MessageQueued) -> None:
    """A user's message waits for its turn, outside the tree."""
    row = _written(rows, recorded, event.message_id, parts=event.parts)
    row.status = "queued"
    row.completion_id = event.completion_id


def delivered(rows: Rows, recorded: Recorded[object], event: MessageDelivered) -> None:
    """A queued message entered the tree."""
    row = rows.get(Message, event.message_id, thread_of(recorded))
    row.status = "delivered"
    row.parent_id = event.parent_id


def withdrawn(rows: Rows, recorded: Recorded[object], event: MessageWithdrawn) -> None:
    """A queued message was taken back, and the answer reserved for it with it."""
    row = rows.get(Message, event.message_id, thread_of(recorded))
    row.status = "withdrawn"
    if row.completion_id is not None:
        completions.given_up(rows, recorded, row.completion_id)


def asked(rows: Rows, recorded: Recorded[object], event: ThreadCompletionRequested) -> None:
    """This completion answers the message, or answers it anew; or goes on from an answer."""
    row = rows.get(Message, event.message_id, thread_of(recorded))
    if row.role == "user":
        row.completion_id = event.completion_id


def taken(rows: Rows, recorded: Recorded[object], event: InputTaken) -> None:
    """A running completion answers queued messages too, in place of those reserved for them.

    Its answer goes below the last of them.
    """
    for message_id in event.message_ids:
        row = rows.get(Message, message_id, thread_of(recorded))
        reserved, row.completion_id = row.completion_id, recorded.stream_id
        if reserved not in (None, recorded.stream_id):
            completions.given_up(rows, recorded, reserved, taken_by=recorded.stream_id)
    if not event.message_ids:
        return
    below = event.message_ids[-1]
    rows.get(Completion, recorded.stream_id).parent_id = below
    answer = rows.find(Message, recorded.stream_id, thread_of(recorded))
    if answer is not None:
        answer.parent_id = below


def recorded_step(rows: Rows, recorded: Recorded[object], event: MessageRecorded) -> None:
    """The answer grows, or begins with its first part."""
    if parts := parts_of(event.message):
        row = _answer(rows, recorded, recorded.stream_id)
        row.parts = [*row.parts, *parts]


def interrupted(rows: Rows, recorded: Recorded[object]) -> None:
    """What the completion no longer counts leaves the answer; an empty one goes."""
    steps = rows.get(Completion, recorded.stream_id).steps
    kept = steps[-1]["parts"] if steps else 0
    row = rows.find(Message, recorded.stream_id, thread_of(recorded))
    if row is not None and kept:
        row.parts = row.parts[:kept]
    elif row is not None:
        rows.remove(row)


def turn_ended(rows: Rows, recorded: Recorded[object], event: TurnEnded) -> None:
    """The answer is in the tree, even where nothing of it can be shown."""
    if event.answered:
        _answer(rows, recorded, event.completion_id)


def _written(
    rows: Rows, recorded: Recorded[object], message_id: UUID, *, parts: tuple[TextPart, ...]
) -> Message:
    row = Message(
        id=message_id,
        user_id=owner_of(recorded),
        thread_id=thread_of(recorded),
        role="user",
        parts=[asdict(part) for part in parts],
        created_at=moment(recorded),
        position=recorded.position,
    )
    rows.add(row)
    return row


def _answer(rows: Rows, recorded: Recorded[object], completion_id: UUID) -> Message:
    row = rows.find(Message, completion_id, thread_of(recorded))
    if row is None:
        row = Message(
            id=completion_id,
            user_id=owner_of(recorded),
            thread_id=thread_of(recorded),
            parent_id=rows.get(Completion, completion_id).parent_id,
            completion_id=completion_id,
            role="assistant",
            parts=[],
            created_at=moment(recorded),
            position=recorded.position,
        )
        rows.add(row)
    return row


async def path(
    session: AsyncSession,
    thread_id: UUID,
    *,
    head: UUID | None,
    reader: Reader,
    limit: int = 50,
    cursor: int = 0,
) -> Page[Message]:
    """The branch from its first message to `head`, in order; the cursor counts from the first.

    What is on a branch never changes its parent, so a page stays what it is while the branch
    grows: only an answer that is not in the tree yet goes below what it takes in.
    """
    branch = _branch(thread_id, head=head)
    query = (
        select(Message)
        .join(branch, (Message.id == branch.c.id) & (Message.thread_id == thread_id))
        .where(may_see(reader, Message))
        .order_by(branch.c.distance.desc())
        .offset(cursor)
        .limit(limit + 1)
    )
    rows = (await session.scalars(query)).all()
    return Page(rows[:limit], next=cursor + limit if len(rows) > limit else None)


def _branch(thread_id: UUID, *, head: UUID | None) -> CTE:
    """Ids from the head to the root, with their distance from the head."""
    branch = (
        select(Message.id, Message.parent_id, literal(0).label("distance"))
        .where(Message.id == head, Message.thread_id == thread_id)
        .cte("branch", recursive=True)
    )
    above = (
        select(Message.id, Message.parent_id, branch.c.distance + 1)
        .join(branch, Message.id == branch.c.parent_id)
        .where(Message.thread_id == thread_id, branch.c.distance < LONGEST_PATH)
    )
    return branch.union_all(above)


async def tree(
    session: AsyncSession,
    thread_id: UUID,
    *,
    reader: Reader,
    limit: int = 50,
    cursor: int | None = None,
) -> Page[Message]:
    """All branches, and what waits or was withdrawn, in the order in which they came."""
    query = select(Message).where(Message.thread_id == thread_id, may_see(reader, Message))
    return await oldest_first(session, query, model=Message, limit=limit, cursor=cursor)


async def get(
    session: AsyncSession, thread_id: UUID, message_id: UUID, *, reader: Reader
) -> Message | None:
    """One message; None also where the reader may not see it."""
    return await session.scalar(
        select(Message).where(
            Message.id == message_id, Message.thread_id == thread_id, may_see(reader, Message)
        )
    )
