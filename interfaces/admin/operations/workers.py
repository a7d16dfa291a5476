"""The page of workers: who lives, and what each holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from infrastructure.operations.held_runs import HeldRun, held_runs
from infrastructure.worker.open_runs import OpenRuns, WorkerSeen
from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import fragment, is_fragment_wanted, page
from interfaces.admin.viewer import Viewing
from interfaces.http.resources import Here, Resources
from projections import run_lists
from projections.runs import Run

router = APIRouter(prefix="/operations", route_class=PageRoute)


@dataclass(frozen=True)
class Held:
    """A run in a worker's hands; `run` is None while the read model does not show it yet."""

    held: HeldRun
    run: Run | None


@dataclass(frozen=True)
class Worker:
    """One process. It lives as long as its connection to the database stands."""

    seen: WorkerSeen
    holds: Sequence[Held]


@router.get("/workers")
async def operations_workers(request: Request, here: Here, by: Viewing) -> Response:
    """All that live, and the dead ones that still hold something."""
    workers = await _workers(here)
    if is_fragment_wanted(request):
        return fragment("operations/worker_list.html", workers=workers)
    return page(request, "operations/workers.html", by=by, workers=workers)


async def _workers(here: Resources) -> list[Worker]:
    seen = await OpenRuns(here.reader.database).look()
    held = await held_runs(here.reader.database)
    async with here.tables.session() as session:
        runs = await run_lists.of_ids(session, [one.id for one in held])
    workers = [
        Worker(
            one,
            [Held(run, runs.get(run.id)) for run in held if run.worker_id == one.worker_id],
        )
        for one in seen
    ]
    return sorted(workers, key=lambda worker: (not worker.seen.locked, worker.seen.worker_id))
