"""How many questions each user asks on each day, in UTC: a read model in one file."""

from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from domain.catalogue import Event
from domain.recorded import Recorded
from domain.thread_events import MessageAdded, MessageQueued
from projections.projection import Batch, Projection
from projections.rows import Rows
from projections.schema import ReadModel, moment, owner_of


class QuestionsPerDay(ReadModel, kw_only=True):
    """A user's day. `position`, which every row has, is of the first question."""

    __tablename__ = "questions_per_day"

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    questions: Mapped[int] = mapped_column(default=0)


def key_of(recorded: Recorded[Event]) -> tuple[UUID, date]:
    """Of the row that the event changes, in the order of the table's columns."""
    return owner_of(recorded), moment(recorded).date()


async def load(rows: Rows, session: AsyncSession, batch: Batch) -> None:
    """The rows that these events may change."""
    await rows.load(session, QuestionsPerDay, {key_of(recorded) for recorded in batch})


def change(rows: Rows, recorded: Recorded[Event]) -> None:
    """One event: find its row or make it, and count."""
    user_id, day = key_of(recorded)
    row = rows.find(QuestionsPerDay, user_id, day)
    if row is None:
        row = QuestionsPerDay(user_id=user_id, day=day, position=recorded.position)
        rows.add(row)
    row.questions += 1


QUESTIONS_PER_DAY = Projection(
    name="questions_per_day",
    version=1,  # raise it whenever the same events shall make other rows
    models=(QuestionsPerDay,),
    load=load,
    change=change,
    events=(MessageAdded, MessageQueued),
)
