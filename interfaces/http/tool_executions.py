"""Background tools: how far they are, and what came of them."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from domain.execution import Status
from domain.refusals import ExecutionNotFound
from interfaces.http.authentication import Caller
from interfaces.http.freshness import Fresh, row_of
from interfaces.http.in_time import TimelyRoute
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
    progress: float | None  # 0 to 1
    progress_message: str | None
    result: dict[str, JsonValue] | None
    error_type: str | None
    error_message: str | None
    timeout_seconds: int | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None


@router.get("/tool-executions/{execution_id}", dependencies=[Fresh])
async def get_tool_execution(here: Here, by: Caller, execution_id: UUID) -> ToolExecutionView:
    """One run."""

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
    return ToolExecutionView.model_validate(row)


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
