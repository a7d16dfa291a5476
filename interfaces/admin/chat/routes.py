"""All pages of conversations."""

from fastapi import APIRouter

from interfaces.admin.chat import acts, polling, reading, starting

router = APIRouter()
for subject in (starting, polling, reading, acts):
    router.include_router(subject.router)
