"""Background tools: how far they are, and what came of them; stop one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from application.commands import executions as commands
from application.commands.executions import CancelExecution
from application.execution_results import whole_result
from domain.execution import Status
from domain.refusals import ExecutionNotFound
from interfaces.http.authentication import Caller
from interfaces.http.completions import Cancel
from interfaces.http.freshness import Fresh, row_of
from interfaces.http.in_time import TimelyRoute
from interfaces.http.json_body import Sent, described, json_body
from interfaces.http.paging import Listed, Pages, page_of
from interfaces.http.resources import Here
from interfaces.http.shown_threads import shown_thread
from projections import async_tool_executions as executions

router = APIRouter(tags=["tool executions"], route_class=TimelyRoute)


class ToolExecutionView(BaseModel):
    """One run of a background tool."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    thread_id: UUID
    completion_id: UUID
    tool_call_id: str
    tool: str = Field(validation_alias="name")
    status: Status
    attempts: int
    progress: float | None  # 0 to 1
    progress_message: str | None
    result: dict[str, JsonValue] | None  # lists leave out what is larger than 16 kB
    result_sha256: str | None  # of a result that is larger
    content: str | None  # what the model reads of the result, at most 16 kB
    message: str | None  # what people read of it
    error_type: str | None
    error_message: str | None
    timeout_seconds: int | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


class ExecutionStands(BaseModel):
    """Where the execution stands; a running one ends within seconds of its cancellation."""

    status: Status
    position: int


@router.get("/tool-executions/{execution_id}", dependencies=[Fresh])
async def get_tool_execution(here: Here, by: Caller, execution_id: UUID) -> ToolExecutionView:
    """One run, with its whole result."""

    async def is_in_log() -> bool:
        first = await here.reader.first_of_stream(execution_id)
        if first is None or first.name != "tool.dispatched":
            return False
        return by.reads_all or first.owner_id == by.user_id

    row = await row_of(
        here,
        lambda session: executions.get(session, execution_id, reader=by),
        is_in_log=is_in_log,
        missing=ExecutionNotFound,
    )
    await here.access_log.read([(row.thread_id, row.user_id)], by=by, what="get_tool_execution")
    view = ToolExecutionView.model_validate(row)
    view.result = await whole_result(
        here.application.blobs, row.user_id, result=row.result, sha256=row.result_sha256
    )
    return view


@router.get("/threads/{thread_id}/tool-executions", dependencies=[Fresh])
async def list_tool_executions(
    here: Here, by: Caller, thread_id: UUID, pages: Pages
) -> Listed[ToolExecutionView]:
    """The runs of a thread in the order in which they were dispatched."""
    await shown_thread(here, thread_id, by=by, what="list_tool_executions")
    async with here.tables.session() as session:
        page = await executions.list_of_thread(
            session, thread_id, reader=by, limit=pages.limit, cursor=pages.number("executions")
        )
    views = map(ToolExecutionView.model_validate, page.items)
    return page_of(views, kind="executions", after=page.next)


@router.post(
    "/tool-executions/{execution_id}/cancel",
    status_code=202,
    responses={200: {"model": ExecutionStands, "description": "It had ended before."}},
    openapi_extra=described(Cancel, optional=True),
)
async def cancel_tool_execution(
    here: Here,
    by: Caller,
    execution_id: UUID,
    sent: Annotated[Sent[Cancel], Depends(json_body(Cancel, optional=True))],
    response: Response,
) -> ExecutionStands:
    """Stop a background tool. Safe to repeat."""
    cancel = CancelExecution(by, execution_id, sent.body.reason)
    stands = await commands.cancel_execution(here.application, cancel)
    if stands.ended_before:
        response.status_code = 200
    return ExecutionStands(status=stands.status, position=stands.position)
