"""`/metrics`, for Prometheus: this process, and the whole installation as the database tells."""

import asyncio
from collections.abc import Iterable, Sequence

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from application.ports import LogUnavailable
from infrastructure.event_log.database import Database
from infrastructure.projecting.standing import Standing, look
from infrastructure.worker.open_runs import OpenRuns
from interfaces.http.in_time import within
from interfaces.http.resources import Here
from interfaces.http.traffic import Traffic
from projections.registry import BUILT_IN

PATIENCE_SECONDS = 2.0
FRESH_SECONDS = 1.0  # so often the database is asked, whoever asks us

router = APIRouter(tags=["health"])


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, here: Here) -> Response:
    """Counts and names only. Without the database `threadlog_database_up` is 0, in good time."""
    traffic: Traffic = request.app.state.traffic
    facts: Facts = request.app.state.facts
    found = await facts.read(here.reader.database)
    body = generate_latest(traffic.registry) + generate_latest(_Found(found))
    return Response(body, media_type=CONTENT_TYPE_LATEST)


class Facts:
    """What the database told last; one for each process."""

    def __init__(self) -> None:
        self._metrics: Sequence[Metric] = ()
        self._asked = float("-inf")
        self._turn = asyncio.Lock()

    async def read(self, database: Database) -> Sequence[Metric]:
        """No older than a second; of many who ask at once one asks the database."""
        async with self._turn:
            clock = asyncio.get_running_loop().time
            if clock() - self._asked > FRESH_SECONDS:
                self._metrics = await _ask(database)
                self._asked = clock()
            return self._metrics


async def _ask(database: Database) -> Sequence[Metric]:
    try:
        found = await within(PATIENCE_SECONDS, _metrics_of(database))
    except (LogUnavailable, TimeoutError):
        return [_gauge("database_up", "Does the event log answer?", 0)]
    return [_gauge("database_up", "Does the event log answer?", 1), *found]


async def _metrics_of(database: Database) -> list[Metric]:
    standings = await look(database, BUILT_IN)
    runs = OpenRuns(database)
    counts, workers = await runs.counts(), await runs.look()
    open_runs = GaugeMetricFamily(
        "threadlog_open_runs",
        "Answers and background tools without an end: waiting for a worker, running, or held"
        " (for a person, or for a result from outside)",
        labels=("kind", "state"),
    )
    for count in counts:
        open_runs.add_metric((count.kind, "waiting"), count.waiting)
        open_runs.add_metric((count.kind, "running"), count.running)
        open_runs.add_metric((count.kind, "held"), count.held)
    leads, last = standings[0].leads, standings[0].last
    return [
        _gauge("log_position", "Position of the log's last event", last),
        _gauge("projector_leads", "Is there a projector?", leads),
        *_of_projections(standings),
        open_runs,
        _gauge("workers_alive", "Worker processes", sum(worker.locked for worker in workers)),
    ]


def _of_projections(standings: Sequence[Standing]) -> Iterable[Metric]:
    shown = [(one, one.shown) for one in standings if one.shown]
    yield _each("version", "Of its code", ((one.name, copy.version) for one, copy in shown))
    yield _each("position", "Read up to here", ((one.name, one.position) for one, _ in shown))
    yield _each("lag_events", "Events after that", ((one.name, one.lag) for one, _ in shown))
    yield _each(
        "lag_seconds",
        "How long the first event that is to be applied has waited, by the database's clock",
        ((one.name, one.waiting_seconds) for one, _ in shown),
    )
    yield _each(
        "stopped",
        "Does it stand before an event that it cannot apply?",
        ((one.name, copy.stopped_at is not None) for one, copy in shown),
    )
    yield _each("paused", "Does it stand still?", ((one.name, copy.paused) for one, copy in shown))
    yield _each(
        "rebuild_ratio",
        "How much of the log its next tables have followed, while they are made",
        ((one.name, one.made) for one in standings if one.made is not None),
    )


def _each(name: str, told: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(f"threadlog_projection_{name}", told, labels=("projection",))
    for projection, value in values:
        family.add_metric((projection,), value)
    return family


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(f"threadlog_{name}", told, value=float(value))


class _Found(CollectorRegistry):
    """Metrics that are known already, in the form in which the library writes them."""

    def __init__(self, found: Sequence[Metric]) -> None:
        super().__init__()
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found
