"""How the installation stands at this moment, in one look of bounded time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from application.ports import LogUnavailable
from infrastructure.operations.log_growth import LogSize, events_since, log_size
from infrastructure.projecting.standing import Standing, look
from infrastructure.read_database import ReadTablesUnavailable
from infrastructure.worker.open_runs import Count, OpenRuns, WorkerSeen
from interfaces.http.in_time import within
from interfaces.http.resources import Resources
from projections import figures
from projections.figures import ToolUse
from projections.registry import BUILT_IN

PATIENCE_SECONDS = 2.4  # a page is answered within 2.9
DAY = timedelta(days=1)

T = TypeVar("T")


@dataclass(frozen=True)
class Health:
    """One of the things that the API stands on; `fault` is None when nothing is wrong."""

    name: str
    fault: str | None


@dataclass(frozen=True)
class Now:
    """What runs, waits and fails. Of the last day: since the beginning of an hour."""

    counts: Sequence[Count]
    workers: Sequence[WorkerSeen]
    standings: Sequence[Standing]
    size: LogSize
    events_of_day: int
    ended: Mapping[str, int]  # answers of the last day, by outcome
    failures: Mapping[str, int]  # of these, by class
    failed_tools: Sequence[ToolUse]

    @property
    def alive(self) -> int:
        """Workers whose connection stands."""
        return sum(worker.locked for worker in self.workers)

    @property
    def leads(self) -> bool:
        """Is there a projector?"""
        return any(one.leads for one in self.standings)


async def in_time(read: Callable[[], Awaitable[T]]) -> T | None:
    """What is read; None where the database is away or too slow to wait for."""

    async def reading() -> T:
        return await read()

    try:
        return await within(PATIENCE_SECONDS, reading())
    except (LogUnavailable, ReadTablesUnavailable, TimeoutError):
        return None


async def health(here: Resources) -> list[Health]:
    """Of everything, in bounded time, whatever hangs."""
    faults = await asyncio.gather(*(check.run() for check in here.checks))
    return [Health(check.name, fault) for check, fault in zip(here.checks, faults, strict=True)]


async def now(here: Resources) -> Now:
    """Raises LogUnavailable and ReadTablesUnavailable."""
    database = here.reader.database
    runs, time = OpenRuns(database), datetime.now(UTC)
    since = _hour(time - DAY) + timedelta(hours=1)
    async with here.tables.session() as session:
        outcomes = await figures.outcomes(session, since=since, step=DAY)
        failures = await figures.failures(session, since=since)
        tools = await figures.tools(session, since=since)
    return Now(
        counts=sorted(await runs.counts()),
        workers=await runs.look(),
        standings=await look(database, BUILT_IN),
        size=await log_size(database),
        events_of_day=(await events_since(database, [time - DAY]))[0],
        ended={outcome: sum(days.values()) for outcome, days in outcomes.items()},
        failures=failures,
        failed_tools=[use for use in tools if use.failed],
    )


def _hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)
