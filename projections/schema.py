"""The schema `read`: what all read tables have in common."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass

from domain.recorded import Recorded
from domain.times import time_of

METADATA = MetaData(schema="read")


class ReadModel(MappedAsDataclass, DeclarativeBase, kw_only=True, eq=False):
    """A row that shows something of the log. Only its projection changes it."""

    metadata = METADATA
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it from the class
        str: Text(),
        int: BigInteger(),
        datetime: DateTime(timezone=True),
    }

    user_id: Mapped[UUID]  # the owner: nobody else sees the row, but readers of all
    position: Mapped[int]  # of the event that made the row: dense, its place in every list


def moment(recorded: Recorded[object]) -> datetime:
    """When the event was decided, in UTC."""
    return time_of(recorded.at)


def owner_of(recorded: Recorded[object]) -> UUID:
    """The owner of the event's thread; every event that changes a row has one."""
    assert recorded.owner_id is not None, "an event of a thread has an owner"
    return recorded.owner_id


def thread_of(recorded: Recorded[object]) -> UUID:
    """The thread that the event belongs to; every event that changes a row has one."""
    assert recorded.thread_id is not None, "the event belongs to a thread"
    return recorded.thread_id
