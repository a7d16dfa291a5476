"""How far each copy of a read model has followed the log, and which of them readers see."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from sqlalchemy import BigInteger, Boolean, Column, Integer, MetaData, Table, Text, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

Slot: TypeAlias = Literal["blue", "green"]

_TABLE = Table(
    "projections",
    MetaData(schema="threadlog"),
    Column("name", Text, primary_key=True),
    Column("slot", Text, primary_key=True),
    Column("version", Integer),
    Column("position", BigInteger),
    Column("active", Boolean),
    Column("complete", Boolean),
    Column("paused", Boolean),
    Column("stopped_at", BigInteger),
    Column("error", Text),
)


class CheckpointMoved(Exception):
    """Somebody else has moved, paused or replaced this copy; nothing was written."""


@dataclass(frozen=True)
class Checkpoint:
    """One copy of a read model: everything up to `position` is in its tables."""

    name: str
    slot: Slot
    version: int  # of the code that fills the tables
    position: int
    active: bool  # readers see this copy
    complete: bool  # readers have seen it: it is not being made
    paused: bool
    stopped_at: int | None  # the event that cannot be applied; None: it runs
    error: str | None


async def read_all(connection: AsyncConnection | AsyncSession) -> Sequence[Checkpoint]:
    """Every copy of every read model, by name, the active one first."""
    found = await connection.execute(
        select(_TABLE).order_by(_TABLE.c.name, _TABLE.c.active.desc(), _TABLE.c.slot)
    )
    return [Checkpoint(*row) for row in found]


async def read_active(
    connection: AsyncConnection | AsyncSession, name: str, *, lock: bool = False
) -> Checkpoint | None:
    """The copy that readers see; with `lock` it stays where it is until the commit."""
    query = select(_TABLE).where(_TABLE.c.name == name, _TABLE.c.active)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Checkpoint(*row)


async def read_slot(connection: AsyncConnection, name: str, slot: Slot) -> Checkpoint | None:
    """This copy, whoever sees it."""
    row = (await connection.execute(select(_TABLE).where(*_is(name, slot)))).one_or_none()
    return None if row is None else Checkpoint(*row)


async def begin(connection: AsyncConnection, name: str, slot: Slot, *, version: int) -> None:
    """A new copy before the log's first event, in place of the one that was there, if any."""
    values: dict[str, Any] = {
        "version": version,
        "position": 0,
        "active": False,
        "complete": False,
        "paused": False,
        "stopped_at": None,
        "error": None,
    }
    row = insert(_TABLE).values(name=name, slot=slot, **values)
    await connection.execute(
        row.on_conflict_do_update(index_elements=["name", "slot"], set_=values)
    )


async def activate(connection: AsyncConnection, name: str, slot: Slot) -> None:
    """Readers see this copy from the commit on; it is paused if the one before was."""
    paused = select(_TABLE.c.paused).where(_TABLE.c.name == name, _TABLE.c.active)
    was_paused = bool(await connection.scalar(paused))
    before = update(_TABLE).where(_TABLE.c.name == name, _TABLE.c.active)
    await connection.execute(before.values(active=False, paused=False))
    now = {"active": True, "complete": True, "paused": was_paused}
    await connection.execute(update(_TABLE).where(*_is(name, slot)).values(now))


async def pause(connection: AsyncConnection, name: str, *, paused: bool) -> bool:
    """Let the active copy stand still or go on; False: it did already."""
    found = (_TABLE.c.name == name, _TABLE.c.active, _TABLE.c.paused.is_not(paused))
    return await _changed(connection, update(_TABLE).where(*found).values(paused=paused))


async def advance(
    connection: AsyncConnection, copy: Checkpoint, *, after: int, through: int
) -> None:
    """Move from `after` to `through`, in the transaction of the rows. Raises CheckpointMoved."""
    await _move(connection, copy, after=after, position=through, stopped_at=None, error=None)


async def stop(
    connection: AsyncConnection, copy: Checkpoint, *, after: int, at: int, error: str
) -> None:
    """Tell everybody that the event at `at` cannot be applied. Raises CheckpointMoved."""
    await _move(connection, copy, after=after, stopped_at=at, error=error)


async def _move(
    connection: AsyncConnection, copy: Checkpoint, *, after: int, **values: int | str | None
) -> None:
    """The row is locked from here to the commit: of two projectors one waits, and then is late."""
    found = (
        *_is(copy.name, copy.slot),
        _TABLE.c.version == copy.version,
        _TABLE.c.active.is_(copy.active),
        _TABLE.c.paused.is_(False),
        _TABLE.c.position == after,
    )
    if not await _changed(connection, update(_TABLE).where(*found).values(values)):
        raise CheckpointMoved


async def _changed(connection: AsyncConnection, statement: Any) -> bool:
    return cast("CursorResult[Any]", await connection.execute(statement)).rowcount == 1


def _is(name: str, slot: Slot) -> tuple[Any, ...]:
    return _TABLE.c.name == name, _TABLE.c.slot == slot
