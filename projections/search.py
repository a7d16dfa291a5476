"""Search: a row for each message that can be found by its words."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Computed, Index, Text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain import content
from domain.catalogue import Event
from domain.completion_events import CompletionInterrupted, MessageRecorded
from domain.content import TextPart
from domain.recorded import Recorded
from domain.thread_events import MessageAdded, MessageQueued, MessageWithdrawn
from projections.messages import Role
from projections.parts import parts_of, text_of
from projections.projection import Batch, Projection
from projections.rows import Rows
from projections.schema import ReadModel, moment, owner_of, thread_of
from projections.words import folded, normal

LONGEST_TEXT = 100_000  # characters of a message; its words must stay below 1 MB in PostgreSQL

# The owner is a word too, so that the index knows whose texts these are. No word of a text or of a
# query has an @ in it: nobody can pretend to be somebody else.
OWNER = "@"
_VECTOR = (
    f"array_to_tsvector(ARRAY['{OWNER}' || user_id::text])"
    " || to_tsvector('pg_catalog.simple', words)"
)


class SearchText(ReadModel, kw_only=True):
    """The text of a message. An answer's grows and shrinks with it."""

    __tablename__ = "search"
    __table_args__ = (
        # Filled by PostgreSQL, and read by nobody but its index.
        Column("vector", TSVECTOR, Computed(_VECTOR, persisted=True), nullable=False),
        Index("search_words", "vector", postgresql_using="gin"),
        Index("search_user", "user_id", "position"),
        Index("search_thread", "thread_id", "position"),
        Index("search_position", "position"),
    )
    __mapper_args__ = {"exclude_properties": ["vector"]}  # noqa: RUF012  # as SQLAlchemy has it

    id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[Role] = mapped_column(Text)
    text: Mapped[str]  # as much of it as can be found
    words: Mapped[str]  # the same folded, character by character
    steps: Mapped[list[list[int]]] = mapped_column(JSONB)  # of an answer: position, characters
    created_at: Mapped[datetime]


async def load(rows: Rows, session: AsyncSession, batch: Batch) -> None:
    """The rows that the batch may change, or take away."""
    await rows.load(session, SearchText, {_key(recorded) for recorded in batch})


def change(rows: Rows, recorded: Recorded[Event]) -> None:
    """What can be found after this event."""
    match event := recorded.event:
        case MessageAdded() | MessageQueued():
            _wrote(rows, recorded, event.message_id, parts=event.parts)
        case MessageWithdrawn():
            _set(rows, rows.find(SearchText, *_key(recorded)), "")
        case MessageRecorded():
            _said(rows, recorded, normal(text_of(parts_of(event.message))))
        case CompletionInterrupted():
            _void(rows, recorded, event)
        case _:
            pass


SEARCH = Projection(
    name="search",
    version=1,
    models=(SearchText,),
    load=load,
    change=change,
    events=(MessageAdded, MessageQueued, MessageWithdrawn, MessageRecorded, CompletionInterrupted),
    pace_seconds=0.25,
)


def _key(recorded: Recorded[Event]) -> tuple[UUID, UUID]:
    match recorded.event:
        case MessageAdded() | MessageQueued() | MessageWithdrawn() as event:
            return event.message_id, thread_of(recorded)
        case _:
            return recorded.stream_id, thread_of(recorded)


def _wrote(
    rows: Rows, recorded: Recorded[Event], message_id: UUID, *, parts: tuple[TextPart, ...]
) -> None:
    row = _new(rows, recorded, message_id, role="user")
    _set(rows, row, normal(content.text_of(parts)))


def _said(rows: Rows, recorded: Recorded[Event], said: str) -> None:
    if said:
        row = rows.find(SearchText, *_key(recorded))
        row = row or _new(rows, recorded, recorded.stream_id, role="assistant")
        _set(rows, row, row.text + said)
        row.steps = [*row.steps, [recorded.position, len(row.text)]]


def _void(rows: Rows, recorded: Recorded[Event], event: CompletionInterrupted) -> None:
    row = rows.find(SearchText, *_key(recorded))
    if row is not None:
        row.steps = [step for step in row.steps if step[0] <= event.kept_through]
        _set(rows, row, row.text[: row.steps[-1][1]] if row.steps else "")


def _new(rows: Rows, recorded: Recorded[Event], message_id: UUID, *, role: Role) -> SearchText:
    row = SearchText(
        id=message_id,
        thread_id=thread_of(recorded),
        user_id=owner_of(recorded),
        role=role,
        text="",
        words="",
        steps=[],
        created_at=moment(recorded),
        position=recorded.position,
    )
    rows.add(row)
    return row


def _set(rows: Rows, row: SearchText | None, text: str) -> None:
    """A message without a text cannot be found."""
    if row is None:
        return
    row.text = text[:LONGEST_TEXT]
    row.words = folded(row.text)
    if not row.text:
        rows.remove(row)
