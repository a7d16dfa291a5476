"""Lists of everybody's runs, newest first, as operators filter them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from projections.runs import Kind, Run, Status

LOOKED_AT = 5_000  # runs, at most, for one page: whatever is rare is looked for step by step

RunStatus: TypeAlias = Status | Literal["open"]


@dataclass(frozen=True)
class Wanted:
    """Which runs. None: whatever it is."""

    kind: Kind
    status: RunStatus | None = None  # open: it has not ended
    thread_id: UUID | None = None
    user_id: UUID | None = None
    name: str | None = None  # of the tool or of the model
    agent: str | None = None
    after: int | None = None  # asked for after this position
    through: int | None = None  # asked for at this position or before


@dataclass(frozen=True)
class Runs:
    """Some runs; `next` is the cursor of older ones, None where there are no more.

    `is_cut`: only so many were looked at, and among older ones there may be others.
    """

    items: Sequence[Run]
    next: int | None
    is_cut: bool = False


async def list_runs(
    session: AsyncSession, wanted: Wanted, *, limit: int, cursor: int | None = None
) -> Runs:
    """The newest of those that are wanted, or those before a cursor."""
    window = _newest(wanted, cursor=cursor).subquery()
    row = aliased(Run, window)
    query = select(row).where(*_conditions(row, wanted)).order_by(row.position.desc())
    found = (await session.scalars(query.limit(limit + 1))).all()
    if len(found) > limit:
        return Runs(found[:limit], next=found[limit - 1].position)
    looked_at = select(func.count(), func.min(window.c.position)).select_from(window)
    count, lowest = (await session.execute(looked_at)).one()
    is_cut = count == LOOKED_AT
    return Runs(found, next=lowest if is_cut else None, is_cut=is_cut)


def _newest(wanted: Wanted, *, cursor: int | None) -> Select[Run]:
    """What an index finds: rows of a thread, a user or a kind, as many as may be looked at."""
    query = select(Run).where(Run.kind == wanted.kind)
    if wanted.thread_id is not None:
        query = query.where(Run.thread_id == wanted.thread_id)
    elif wanted.user_id is not None:
        query = query.where(Run.user_id == wanted.user_id)
    if wanted.status == "open":
        query = query.where(Run.completed_at.is_(None))
    if cursor is not None:
        query = query.where(Run.position < cursor)
    if wanted.after is not None:
        query = query.where(Run.position > wanted.after)
    if wanted.through is not None:
        query = query.where(Run.position <= wanted.through)
    return query.order_by(Run.position.desc()).limit(LOOKED_AT)


def _conditions(row: type[Run], wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None and wanted.status != "open":
        conditions.append(row.status == wanted.status)
    if wanted.user_id is not None:
        conditions.append(row.user_id == wanted.user_id)
    if wanted.name is not None:
        conditions.append(row.name == wanted.name)
    if wanted.agent is not None:
        conditions.append(row.agent == wanted.agent)
    return conditions


async def get(session: AsyncSession, run_id: UUID, *, kind: Kind) -> Run | None:
    """One run of anybody."""
    return await session.scalar(select(Run).where(Run.id == run_id, Run.kind == kind))


async def of_ids(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Run]:
    """Those of these that there are."""
    if not ids:
        return {}
    return {row.id: row for row in await session.scalars(select(Run).where(Run.id.in_(ids)))}
