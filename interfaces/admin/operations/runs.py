"""Pages about runs: answers and background tools of everybody, without what was said in them."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from application.commands.completions import CancelCompletion, cancel_completion
from application.commands.context import Principal
from application.commands.executions import CancelExecution, cancel_execution
from domain.refusals import CompletionNotFound, ExecutionNotFound
from interfaces.admin.operations.advice import advice
from interfaces.admin.operations.filters import STATUSES, Filters, understood
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import fragment, is_fragment_wanted, page
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here, Resources
from projections import run_lists
from projections.operations import OPERATIONS
from projections.run_lists import Runs
from projections.runs import Kind, Run

ROWS = 50
SHOWN_SECONDS = 1.0  # so long a command waits until its page shows what it did

router = APIRouter(prefix="/operations", route_class=PageRoute)

Looked = Annotated[Filters, Query()]


@dataclass(frozen=True)
class Subject:
    """What the pages of one kind of run are about."""

    kind: Kind
    title: str
    href: str
    name: str  # what `name` is
    one: str


ANSWERS = Subject("completion", "Answers", "/_admin/operations/completions", "Model", "answer")
TOOLS = Subject("tool", "Background tools", "/_admin/operations/tools", "Tool", "background tool")


@router.get("/completions")
async def operations_completions(
    request: Request, here: Here, by: Viewing, looked: Looked
) -> Response:
    """Answers, newest first."""
    return await _list(request, here, by, subject=ANSWERS, filters=looked)


@router.get("/tools")
async def operations_tools(request: Request, here: Here, by: Viewing, looked: Looked) -> Response:
    """Background tools, newest first."""
    return await _list(request, here, by, subject=TOOLS, filters=looked)


@router.get("/completions/{run_id}")
async def operations_completion(
    request: Request, here: Here, by: Viewing, run_id: UUID
) -> Response:
    """One answer."""
    return await _one(request, here, by, subject=ANSWERS, run_id=run_id)


@router.get("/tools/{run_id}")
async def operations_tool(request: Request, here: Here, by: Viewing, run_id: UUID) -> Response:
    """One background tool."""
    return await _one(request, here, by, subject=TOOLS, run_id=run_id)


@router.post("/completions/{run_id}/cancel")
async def operations_cancel_completion(here: Here, by: Viewing, run_id: UUID) -> Response:
    """Stop an answer, whoever asked for it. Safe to repeat."""
    command = CancelCompletion(by, run_id, as_operator=True)
    done = await cancel_completion(here.application, command)
    return await _to(here, ANSWERS, run_id, position=done.position)


@router.post("/tools/{run_id}/cancel")
async def operations_cancel_tool(here: Here, by: Viewing, run_id: UUID) -> Response:
    """Stop a background tool, whoever asked for it. Safe to repeat."""
    command = CancelExecution(by, run_id, as_operator=True)
    done = await cancel_execution(here.application, command)
    return await _to(here, TOOLS, run_id, position=done.position)


async def _list(
    request: Request, here: Resources, by: Principal, *, subject: Subject, filters: Filters
) -> Response:
    asked = await understood(filters, kind=subject.kind, database=here.reader.database)
    found = Runs([], None)
    if not asked.errors:
        async with here.tables.session() as session:
            found = await run_lists.list_runs(
                session, asked.wanted, limit=ROWS, cursor=asked.cursor
            )
    return page(
        request,
        "operations/runs.html",
        by=by,
        status=422 if asked.errors else 200,
        subject=subject,
        filters=filters,
        errors=asked.errors,
        statuses=STATUSES[subject.kind],
        found=found,
        is_filtered=filters.are_typed(),
        is_narrow=filters.are_typed(but="status"),
        first_href=f"?{filters.with_cursor(None)}" if filters.cursor else None,
        next_href=f"?{filters.with_cursor(found.next)}" if found.next else None,
    )


async def _one(
    request: Request, here: Resources, by: Principal, *, subject: Subject, run_id: UUID
) -> Response:
    async with here.tables.session() as session:
        run = await run_lists.get(session, run_id, kind=subject.kind)
    if run is None:
        raise CompletionNotFound if subject is ANSWERS else ExecutionNotFound
    shown: dict[str, Any] = {"run": run, "subject": subject, "advice": _advice(run)}
    if is_fragment_wanted(request):
        return fragment("operations/facts.html", **shown)
    return page(request, "operations/run.html", by=by, **shown)


def _advice(run: Run) -> str | None:
    return advice(run.error_type) if run.error_type else None


async def _to(here: Resources, subject: Subject, run_id: UUID, *, position: int) -> Response:
    """To its page, once that shows what was done, or soon will."""
    await here.tables.wait_for_position(
        position, timeout_seconds=SHOWN_SECONDS, projection=OPERATIONS.name
    )
    return RedirectResponse(f"{subject.href}/{run_id}", 303)
