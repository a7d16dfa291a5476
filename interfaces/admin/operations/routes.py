"""All pages of this part."""

from fastapi import APIRouter

from interfaces.admin.operations import overview, projections, runs, workers

router = APIRouter()
for part in (overview, runs, workers, projections):
    router.include_router(part.router)
