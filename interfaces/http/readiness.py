"""Is everything there that the API stands on? One check for each, and what its absence means."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from application.ports import LogUnavailable
from infrastructure.event_log.connection import is_lost, is_passing
from infrastructure.event_log.reader import LogReader
from infrastructure.migrations import pending
from infrastructure.migrations.problems import SchemaProblem
from infrastructure.projecting.standing import Standing, look
from interfaces.http.in_time import within
from projections.registry import BUILT_IN

PATIENCE_SECONDS = 2.0
LONGEST_LAG = 5_000  # positions, of which most are chunks

AWAY = "away"


@dataclass
class _UnderWay:
    task: asyncio.Task[str | None] | None = None


@dataclass(frozen=True)
class Check:
    """`probe` says what is wrong, None when nothing is. Without what is `required` nobody calls."""

    name: str
    probe: Callable[[], Coroutine[Any, Any, str | None]]
    required: bool = False
    _under_way: _UnderWay = field(default_factory=_UnderWay, init=False, repr=False, compare=False)

    async def run(self) -> str | None:
        """The probe's answer, in bounded time; who asks meanwhile is given the same.

        Anybody may ask, and some probes connect to the database: there is one of each at a time.
        """
        task = self._under_way.task
        if task is None or task.done():
            task = self._under_way.task = asyncio.create_task(self._probe_in_time())
        return await asyncio.shield(task)

    async def _probe_in_time(self) -> str | None:
        try:
            return await within(PATIENCE_SECONDS, self.probe())
        except TimeoutError:
            return AWAY


def database_check(reader: LogReader) -> Check:
    """Does the event log answer?"""

    async def probe() -> str | None:
        try:
            await reader.last_position()
        except LogUnavailable:
            return AWAY
        return None

    return Check("database", probe, required=True)


def schema_check(url: str) -> Check:
    """Has the database all migrations? `url` is the runtime's."""

    async def probe() -> str | None:
        try:
            missing = await pending(url)
        except SchemaProblem as problem:
            return str(problem)
        except Exception as error:
            if is_lost(error) or is_passing(error):
                return AWAY
            raise
        return f"lacks {', '.join(missing)}" if missing else None

    return Check("schema", probe, required=True)


def redis_check(redis: Redis) -> Check:
    """Does Redis answer? Without it everything works, live streams half a second late."""

    async def probe() -> str | None:
        try:
            await redis.ping()  # pyright: ignore[reportUnknownMemberType, reportGeneralTypeIssues]
        except (RedisError, OSError):
            return AWAY
        return None

    return Check("redis", probe)


def projector_check(reader: LogReader) -> Check:
    """Do the read models follow the log? Names the ones that do not, and not why: see `doctor`."""

    async def probe() -> str | None:
        try:
            standings = await look(reader.database, BUILT_IN)
        except LogUnavailable:
            return AWAY
        faults = [f"{one.name} {fault}" for one in standings if (fault := _fault(one))]
        return "; ".join(faults) or None

    return Check("projector", probe)


def _fault(standing: Standing) -> str | None:
    shown = standing.shown
    if shown is None:
        return "has never run" if standing.code_version else None
    if shown.stopped_at is not None:
        return f"stopped before position {shown.stopped_at}"
    if shown.paused:
        return "is paused"
    return f"is {standing.lag} positions behind" if standing.lag > LONGEST_LAG else None
