"""Who may look at which rows, and lists of them page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from projections.schema import ReadModel

R = TypeVar("R", bound=ReadModel)


class Reader(Protocol):
    """Whoever asks: sees their own rows, with `reads_all` everybody's."""

    @property
    def user_id(self) -> UUID: ...
    @property
    def reads_all(self) -> bool: ...


@dataclass(frozen=True)
class Page(Generic[R]):
    """Some rows, and the cursor of those after them; None at the end."""

    items: Sequence[R]
    next: int | None


def may_see(reader: Reader, model: type[ReadModel]) -> ColumnElement[bool]:
    """The condition that every query carries."""
    return true() if reader.reads_all else model.user_id == reader.user_id


async def newest_first(
    session: AsyncSession,
    query: Select[R],
    *,
    place: InstrumentedAttribute[int],
    limit: int,
    cursor: int | None,
) -> Page[R]:
    """The latest rows, or those before a cursor. Rows that come later change no page.

    `place` is the position that they are ordered by; no two rows have the same.
    """
    if cursor is not None:
        query = query.where(place < cursor)
    return await _page(session, query.order_by(place.desc()), place=place, limit=limit)


async def oldest_first(
    session: AsyncSession,
    query: Select[R],
    *,
    model: type[R],
    limit: int,
    cursor: int | None,
) -> Page[R]:
    """The first rows, or those after a cursor. Rows that come later are on later pages."""
    if cursor is not None:
        query = query.where(model.position > cursor)
    place = model.position
    return await _page(session, query.order_by(place), place=place, limit=limit)


async def _page(
    session: AsyncSession, query: Select[Any], *, place: InstrumentedAttribute[int], limit: int
) -> Page[Any]:
    rows = (await session.scalars(query.limit(limit + 1))).all()
    more = len(rows) > limit
    return Page(rows[:limit], next=getattr(rows[limit - 1], place.key) if more else None)
