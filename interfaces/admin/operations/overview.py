"""The overview: how everything stands now, refreshed while it is looked at, and the charts."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from interfaces.admin.operations.drawings import PERIODS, drawings
from interfaces.admin.operations.now import health, in_time, now
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import fragment, page
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here

router = APIRouter(prefix="/operations", route_class=PageRoute)


@router.get("")
async def operations_page(
    request: Request, here: Here, by: Viewing, period: str = "day"
) -> Response:
    """All of it. 503 without the database, with what is known then."""
    chosen = PERIODS.get(period, PERIODS["day"])
    found, drawn, checked = await asyncio.gather(
        in_time(lambda: now(here)), in_time(lambda: drawings(here, chosen)), health(here)
    )
    return page(
        request,
        "operations/overview.html",
        by=by,
        status=200 if found and drawn else 503,
        now=found,
        health=checked,
        drawn=drawn,
        period=chosen,
        periods=PERIODS.values(),
        at=datetime.now(UTC),
    )


@router.get("/now")
async def operations_now(here: Here, by: Viewing) -> Response:
    """What changes from second to second, for htmx."""
    del by
    found, checked = await asyncio.gather(in_time(lambda: now(here)), health(here))
    shown = {"now": found, "health": checked, "at": datetime.now(UTC)}
    return fragment("operations/now.html", status=200 if found else 503, **shown)
