"""What models were asked in a thread, rebuilt from the log, and what they answered."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from application.audit.requests import requests_of
from interfaces.http.audit import open_thread
from interfaces.http.audit_reason import Reason
from interfaces.http.audit_views import RequestsView, request_view
from interfaces.http.authentication import Caller
from interfaces.http.resources import Here

# Not in three seconds: the models' libraries are imported when the first such request comes.
router = APIRouter(prefix="/audit", tags=["audit"])


@router.get("/threads/{thread_id}/requests")
async def audit_requests(  # noqa: PLR0917  # all by name: they are the request's parameters
    request: Request,
    here: Here,
    by: Caller,
    reason: Reason,
    thread_id: UUID,
    completion: UUID | None = None,
    attempt: Annotated[int | None, Query(ge=1)] = None,
) -> RequestsView:
    """Every request of every attempt, or of one completion, or of one attempt."""
    await open_thread(here, thread_id, request=request, by=by, reason=reason)
    log, blobs = here.application.log, here.application.blobs
    events = await log.read_thread(thread_id)
    found = await requests_of(events, blobs, completion_id=completion, attempt=attempt)
    return RequestsView(items=list(map(request_view, found)))
