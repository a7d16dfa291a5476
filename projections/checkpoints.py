"""How far a group of read tables has followed the log, and why it stands still if it does."""

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import BigInteger, Column, Integer, Table, Text, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from projections.schema import METADATA

CHECKPOINTS = Table(
    "checkpoints",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("stopped_at", BigInteger),  # the event that cannot be applied
    Column("error", Text),
)


class CheckpointMoved(Exception):
    """Another projector has applied these events already; nothing was written."""


@dataclass(frozen=True)
class Group:
    """Read tables that move together; a new version is made again from the whole log."""

    name: str
    version: int


@dataclass(frozen=True)
class Checkpoint:
    """Everything up to `position` is in the tables."""

    position: int
    stopped_at: int | None  # the event that cannot be applied; None: the group runs
    error: str | None


async def begin(connection: AsyncConnection, group: Group) -> None:
    """Set a checkpoint before the log's first event, unless there is one; safe to repeat."""
    row = insert(CHECKPOINTS).values(name=group.name, version=group.version, position=0)
    await connection.execute(row.on_conflict_do_nothing())


async def read(connection: AsyncConnection | AsyncSession, group: Group) -> Checkpoint | None:
    """The checkpoint; None before the first projector has begun."""
    table = CHECKPOINTS.c
    query = select(table.position, table.stopped_at, table.error)
    row = (await connection.execute(query.where(*_is(group)))).one_or_none()
    return None if row is None else Checkpoint(*row)


async def forget(connection: AsyncConnection, group: Group) -> None:
    """No version of the group has a checkpoint any more; a projector at work is refused."""
    await connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.name == group.name))


async def has_other_version(connection: AsyncConnection, group: Group) -> bool:
    """Were the tables made by an older or newer version of the group?"""
    table = CHECKPOINTS.c
    other = select(table.version).where(table.name == group.name, table.version != group.version)
    return await connection.scalar(other.limit(1)) is not None


async def advance(connection: AsyncConnection, group: Group, *, after: int, through: int) -> None:
    """Move from `after` to `through`, in the transaction of the rows. Raises CheckpointMoved."""
    await _move(connection, group, after=after, position=through, stopped_at=None, error=None)


async def stop(
    connection: AsyncConnection, group: Group, *, after: int, at: int, error: str
) -> None:
    """Tell everybody that the event at `at` cannot be applied. Raises CheckpointMoved."""
    await _move(connection, group, after=after, stopped_at=at, error=error)


async def _move(
    connection: AsyncConnection, group: Group, *, after: int, **values: int | str | None
) -> None:
    """The row is locked from here to the commit: of two projectors one waits, and then is late."""
    query = update(CHECKPOINTS).where(*_is(group), CHECKPOINTS.c.position == after).values(values)
    moved = cast("CursorResult[Any]", await connection.execute(query))
    if moved.rowcount != 1:
        raise CheckpointMoved


def _is(group: Group) -> tuple[Any, ...]:
    return CHECKPOINTS.c.name == group.name, CHECKPOINTS.c.version == group.version
