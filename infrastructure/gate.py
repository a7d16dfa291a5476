"""What a process asks of PostgreSQL before it serves: there, migrated, durable."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from application.ports import LogUnavailable, OutcomeUnknown
from infrastructure.durability import check_durability
from infrastructure.event_log.connection import is_lost, is_passing
from infrastructure.migrations import check_schema
from infrastructure.migrations.problems import SchemaProblem

SHORTEST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
SAY_SECONDS = 10.0

T = TypeVar("T")

logger = logging.getLogger(__name__)


class DatabaseRefuses(SchemaProblem):
    """PostgreSQL is there and does not let this login in, or has no such database."""


async def pass_gate(url: str, *, allow_unsafe: bool) -> None:
    """Returns when the database is good to work on, however long it is away.

    Raises a SchemaProblem that says what to do.
    """

    async def look() -> None:
        await check_schema(url)
        await check_durability(url, allow_unsafe=allow_unsafe)

    try:
        await patiently(look)
    except asyncpg.PostgresError as error:
        raise DatabaseRefuses(f"PostgreSQL says: {error}") from error


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` answers, asked again while PostgreSQL is away; it must be safe to repeat.

    A process that ended instead would be started again, and load all its libraries, in vain.
    """
    pause, said_at = SHORTEST_PAUSE_SECONDS, float("-inf")
    while True:
        try:
            return await ask()
        except Exception as error:
            if not _is_away(error):
                raise
            if time.monotonic() - said_at > SAY_SECONDS:
                said_at = time.monotonic()
                logger.warning("waiting for PostgreSQL: %s", error or type(error).__name__)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def _is_away(error: Exception) -> bool:
    is_ours = isinstance(error, LogUnavailable | OutcomeUnknown)
    return is_ours or is_lost(error) or is_passing(error)
