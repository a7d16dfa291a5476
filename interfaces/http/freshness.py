"""Reads that show what the caller has written: they wait for the read tables, briefly."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Query, params
from sqlalchemy.ext.asyncio import AsyncSession

from domain.refusals import PositionIsAhead, Refusal
from interfaces.http.refusals import NotShownYet
from interfaces.http.resources import Here, Resources
from projections.record import RECORD
from projections.schema import ReadModel

POSITION_SECONDS = 2.0
ROW_SECONDS = 1.0

R = TypeVar("R", bound=ReadModel)


Position = Annotated[int, Query(ge=0, lt=2**63)]


def fresh(projection: str = RECORD.name) -> params.Depends:
    """Wait until this read model shows what the caller asks for with `min_position`.

    Raises PositionIsAhead for what is not in the log, and NotShownYet after two seconds.
    """

    async def wait(here: Here, min_position: Position = 0) -> None:
        if not min_position or await _shows(here, projection, min_position, seconds=0):
            return
        await in_the_log(here, min_position)
        if not await _shows(here, projection, min_position, seconds=POSITION_SECONDS):
            raise NotShownYet

    return cast("params.Depends", Depends(wait))


Fresh = fresh()


async def in_the_log(here: Resources, position: int) -> None:
    """Raises PositionIsAhead."""
    if position > await here.reader.last_position():
        raise PositionIsAhead


async def _shows(here: Resources, projection: str, position: int, *, seconds: float) -> bool:
    return await here.tables.wait_for_position(
        position, timeout_seconds=seconds, projection=projection
    )


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
