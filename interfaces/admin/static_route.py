"""The route of scripts, styles and pictures."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from interfaces.admin.page_route import PageRoute
from interfaces.admin.static_files import static_file_of

FOR_EVER = "public, max-age=31536000, immutable"

router = APIRouter(route_class=PageRoute)


@router.get("/static/{name:path}")
async def static_file(name: str, v: str = "") -> Response:
    """One file, for anybody."""
    found = static_file_of(name)
    if found is None:
        raise HTTPException(404)
    headers = {"cache-control": FOR_EVER} if v == found.version else None
    return Response(found.content, media_type=found.media_type, headers=headers)
