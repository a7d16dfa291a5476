"""All pages inside a conversation, and those where auditors begin."""

from fastapi import APIRouter

from interfaces.admin.inside import (
    audit_feed,
    audit_pages,
    moment_pages,
    playback_pages,
    request_pages,
    timeline_pages,
)

router = APIRouter()
for _part in (
    timeline_pages,
    moment_pages,
    playback_pages,
    request_pages,
    audit_pages,
    audit_feed,
):
    router.include_router(_part.router)
