"""What models were asked in a conversation, byte for byte, for auditors."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from application.audit.requests import requests_of
from application.ports import AnyRecorded
from domain.refusals import CompletionNotFound
from interfaces.admin.inside.asked import answers_of, rows_of
from interfaces.admin.inside.later import Later
from interfaces.admin.inside.look import Look, look
from interfaces.admin.inside.raw_event import json_file
from interfaces.admin.page_route import PageRoute, refused
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here, Resources

router = APIRouter(prefix="/threads/{thread_id}/requests", route_class=PageRoute)


@router.get("")
async def thread_requests(
    request: Request, here: Here, by: Viewing, thread_id: UUID, completion: UUID | None = None
) -> Response:
    """Of one answer, or of the last one; owners are told who may see them."""
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    if not looked.sees_all:
        return looked.page(request, "inside/requests_for_auditors.html", tab="requests")
    events = await here.application.log.read_thread(thread_id)
    chosen = _chosen(events, completion)
    make = partial(_page, request, here, looked, events=events, chosen=chosen)
    return Later(make, refused=partial(refused, request))


@router.get("/{position}")
async def thread_request(
    request: Request, here: Here, by: Viewing, thread_id: UUID, position: int
) -> Response:
    """The body of one request as a file, as it is written again from the log."""
    looked = await look(request, here, thread_id, by=by)
    if isinstance(looked, Response):
        return looked
    events = await here.application.log.read_thread(thread_id)
    asked = next((one for one in events if one.position == position), None)
    if asked is None or not looked.sees_all:
        raise HTTPException(404)
    return Later(partial(_file, here, events, asked=asked), refused=partial(refused, request))


def _chosen(events: Sequence[AnyRecorded], completion_id: UUID | None) -> UUID | None:
    """The answer to show; None where none was begun. Raises CompletionNotFound."""
    answers = answers_of(events)
    if completion_id is None:
        return next((one.id for one in answers if one.requests), None)
    if completion_id not in {one.id for one in answers}:
        raise CompletionNotFound
    return completion_id


async def _page(
    request: Request,
    here: Resources,
    looked: Look,
    *,
    events: Sequence[AnyRecorded],
    chosen: UUID | None,
) -> Response:
    found = (
        []
        if chosen is None
        else await requests_of(events, here.application.blobs, completion_id=chosen)
    )
    return looked.page(
        request,
        "inside/requests.html",
        tab="requests",
        answers=answers_of(events),
        chosen=chosen,
        rows=rows_of(found),
    )


async def _file(here: Resources, events: Sequence[AnyRecorded], *, asked: AnyRecorded) -> Response:
    blobs = here.application.blobs
    found = await requests_of(events, blobs, completion_id=asked.stream_id)
    body = next((one.body for one in found if one.position == asked.position), None)
    if body is None:
        raise HTTPException(404)
    return json_file(body, name=f"request-{asked.position}.json")
