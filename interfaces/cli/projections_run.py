"""What every `threadlog projections` does alike: read models, database, and what went wrong."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import asyncpg

from application.ports import LogUnavailable, OutcomeUnknown
from domain.refusals import Refusal
from infrastructure.embedded import EmbeddedServerError
from infrastructure.migrations import check_schema
from infrastructure.migrations.problems import SchemaProblem
from infrastructure.read_database import driver_error, is_outage
from infrastructure.settings import Settings
from interfaces.cli.printable import one_line
from interfaces.cli.servers import Servers
from projections.checkpoints import CheckpointMoved
from projections.projection import Poisoned, Projection
from projections.registry import ProjectionsSettingInvalid, all_projections

TOLD_CHARACTERS = 1000

Work: TypeAlias = Callable[[str], Awaitable[int]]


def run(settings: Settings, work: Work) -> int:
    """The exit code of `work`, which is given the database's URL; 1 with a reason when it fails."""
    try:
        with Servers(settings) as servers:
            return asyncio.run(_run(servers.addresses.database, work))
    except Poisoned as poisoned:
        return failed(f"stopped before {poisoned}; readers see the tables that they saw before")
    except (Refusal, SchemaProblem, EmbeddedServerError) as problem:
        return failed(str(problem))
    except CheckpointMoved:
        return failed("somebody else works on it at this moment: look, and try again")
    except Exception as error:
        if not isinstance(error, LogUnavailable | OutcomeUnknown) and not is_outage(error):
            raise
        return failed(f"the database is away: {driver_error(error)!r}; the same command goes on")


async def _run(url: str, work: Work) -> int:
    try:
        await check_schema(url)
    except asyncpg.PostgresError as error:
        if is_outage(error):
            raise
        raise SchemaProblem(f"PostgreSQL says: {error}") from error
    return await work(url)


def known(settings: Settings) -> Sequence[Projection]:
    """All read models; a wrong setting ends the program with 2."""
    try:
        return all_projections(settings.projections)
    except ProjectionsSettingInvalid as problem:
        sys.exit(failed(str(problem), code=2))


def failed(why: str, *, code: int = 1) -> int:
    """Say why on the standard error; the exit code."""
    told = one_line(why, characters=TOLD_CHARACTERS)
    print(f"threadlog projections: {told}", file=sys.stderr, flush=True)
    return code
