"""All pages as routes of the application."""

from fastapi import APIRouter, Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from interfaces.admin import reference, sign_in, static_route
from interfaces.admin.administration import routes as administration
from interfaces.admin.chat import routes as chat
from interfaces.admin.inside import router as inside
from interfaces.admin.live import routes as live
from interfaces.admin.operations import routes as operations
from interfaces.admin.page_route import PageRoute
from interfaces.admin.viewer import viewer

PREFIX = "/_admin"
SUBJECTS: tuple[APIRouter, ...] = (
    static_route.router,
    sign_in.router,
    chat.router,
    administration.router,
    inside.router,
    operations.router,
)
STREAMS: tuple[APIRouter, ...] = (live.router,)

last = APIRouter(route_class=PageRoute)


@last.get("/{path:path}", dependencies=[Depends(viewer)])
async def missing_page() -> Response:
    """Whatever is no page."""
    raise HTTPException(404)


def install(app: FastAPI) -> None:
    """Add the pages, and lead whoever opens the bare address to them."""
    for router in (*SUBJECTS, last):
        app.include_router(router, prefix=PREFIX, include_in_schema=False)
    for router in STREAMS:
        app.include_router(router, include_in_schema=False)
    app.include_router(reference.router, include_in_schema=False)
    app.add_api_route("/", entrance, include_in_schema=False)


async def entrance() -> Response:
    """The bare address, as people type it."""
    return RedirectResponse(PREFIX, 303)
