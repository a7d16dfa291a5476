"""Reads that show what the caller has written: they wait for the read tables, briefly."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from domain.refusals import Refusal
from interfaces.http.refusals import NotShownYet, PositionIsAhead
from interfaces.http.resources import Here, Resources
from projections.schema import ReadModel

POSITION_SECONDS = 2.0
ROW_SECONDS = 1.0

R = TypeVar("R", bound=ReadModel)


async def _fresh(here: Here, min_position: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> None:
    """Raises PositionIsAhead for what is not in the log, and NotShownYet after two seconds."""
    if not min_position or await here.tables.wait_for_position(min_position, timeout_seconds=0):
        return
    if min_position > await here.reader.last_position():
        raise PositionIsAhead
    if not await here.tables.wait_for_position(min_position, timeout_seconds=POSITION_SECONDS):
        raise NotShownYet


Fresh = Depends(_fresh)


async def row_of(
    here: Resources,
    find: Callable[[AsyncSession], Awaitable[R | None]],
    *,
    is_in_log: Callable[[], Awaitable[bool]],
    missing: type[Refusal],
) -> R:
    """The row; where there is none, the log is asked, and the tables have a second to show it.

    Raises `missing`, or NotShownYet for what the log has and the tables do not.
    """
    async with here.tables.session() as session:
        if (row := await find(session)) is not None:
            return row
        exists = await is_in_log()
        end = await here.reader.last_position()
        await here.tables.wait_for_position(end, timeout_seconds=ROW_SECONDS)
        if (row := await find(session)) is not None:
            return row
    raise NotShownYet if exists else missing
