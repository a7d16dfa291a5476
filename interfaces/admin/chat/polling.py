"""How a conversation stands, as JSON: for scripts, and for pages whose stream was refused."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from application.audit.refusals import AuditReasonMissing
from application.commands.completions import load_completion
from application.commands.context import readable_thread
from domain.completion import Status
from interfaces.admin.inside.reason_cookie import kept_reason
from interfaces.admin.viewer import Viewing
from interfaces.http.in_time import TimelyRoute
from interfaces.http.resources import Here
from projections import async_tool_executions as executions

MOST_EXECUTIONS = 1_000

router = APIRouter(prefix="/chat/{thread_id:uuid}", route_class=TimelyRoute)


class Standing(BaseModel):
    """Of one answer; of the one under way, where none is named."""

    status: Status | Literal["not_found", "idle"]


class OpenTool(BaseModel):
    """A background tool that has not ended."""

    id: UUID
    name: str
    created_at: datetime


class OpenTools(BaseModel):
    """The newest first."""

    pending_count: int
    pending: list[OpenTool]


@router.get("/status")
async def completion_status(
    request: Request,
    here: Here,
    by: Viewing,
    thread_id: UUID,
    completion_id: Annotated[UUID | None, Query()] = None,
) -> Standing:
    """How an answer stands, by the log. Refused as the live stream is: 401, 403, 404 or 422."""
    thread = await readable_thread(here.application, thread_id, by=by)
    if by.reads_all and kept_reason(request, by) is None:
        raise AuditReasonMissing
    await here.access_log.read([(thread.id, thread.owner_id)], by=by, what="completion_status")
    if completion_id is None:
        if thread.turn is None:
            return Standing(status="idle")
        completion_id = thread.turn.completion_id
    completion = await load_completion(here.application.log, completion_id)
    if completion is None or completion.thread_id != thread_id:
        return Standing(status="not_found")
    return Standing(status=completion.status)


@router.get("/async-tools")
async def open_tools(here: Here, by: Viewing, thread_id: UUID) -> OpenTools:
    """The background tools that have not ended, by the read tables."""
    thread = await readable_thread(here.application, thread_id, by=by)
    await here.access_log.read([(thread.id, thread.owner_id)], by=by, what="open_tools")
    async with here.tables.session() as session:
        page = await executions.list_of_thread(session, thread_id, reader=by, limit=MOST_EXECUTIONS)
    pending = [
        OpenTool(id=row.id, name=row.name, created_at=row.created_at)
        for row in reversed(page.items)
        if row.status in ("pending", "running")
    ]
    return OpenTools(pending_count=len(pending), pending=pending)
