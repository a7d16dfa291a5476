"""What doctor asks the database: reach, schema, roles, durability, clock, lag, workers, runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from application.ports import LogUnavailable
from infrastructure.durability import NEEDED, unsafe_settings
from infrastructure.event_log.connection import RUNTIME, Connection, connect, hang_up
from infrastructure.event_log.reader import LogReader
from infrastructure.event_log.statements import statement
from infrastructure.migrations import pending
from infrastructure.migrations.problems import SchemaProblem
from infrastructure.projecting.standing import Standing, look
from infrastructure.worker.open_runs import OpenRuns
from interfaces.cli.finding import Finding, note, ok, problem
from projections.registry import BUILT_IN

PACKAGE = "interfaces.cli"  # of the statements
PATIENCE_SECONDS = 3.0
LONGEST_LAG = 5_000  # positions, as of /readyz
CLOCK_SECONDS = 2.0
WAIT_SECONDS = 60.0  # of a run that nobody claims


async def database_findings(url: str) -> AsyncIterator[Finding]:
    """One after the other; a database that cannot be reached makes one finding."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            missing = await pending(url)
            connection = await connect(url, role=None if missing else RUNTIME)
    except SchemaProblem as fault:
        yield problem("schema", str(fault), "threadlog migrate")
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
        advice = "start it, or look at THREADLOG_DATABASE_URL"
        yield problem("postgres", f"cannot be used: {_first_line(error)}", advice)
        return
    try:
        yield await _reached(connection)
        if missing:
            yield problem("schema", f"lacks {', '.join(missing)}", "threadlog migrate")
            return
        yield ok("schema", "up to date")
        for look in (_roles, _durable, _checksums, _clock):
            yield await _looked(look, connection)
    finally:
        await hang_up(connection)
    async with LogReader(url, connections=1) as reader:
        for finding in await _projections(reader):
            yield finding
        yield await _workers(reader)
        yield await _runs(reader)


async def _looked(
    look: Callable[[Connection], Awaitable[Finding]], connection: Connection
) -> Finding:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await look(connection)
    except Exception as error:  # noqa: BLE001
        name = look.__name__.removeprefix("_")
        return problem(name, f"cannot be looked at: {_first_line(error)}", "see the line above")


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}".removesuffix(": ")


async def _reached(connection: Connection) -> Finding:
    began = time.monotonic()
    version = await connection.fetchval("SHOW server_version")
    milliseconds = (time.monotonic() - began) * 1000
    return ok("postgres", f"PostgreSQL {version}, a round trip takes {milliseconds:.1f} ms")


async def _roles(connection: Connection) -> Finding:
    wrong = [
        row[0] for row in await connection.fetch(statement("wrong_privileges", package=PACKAGE))
    ]
    if wrong:
        advice = (
            "take the privilege back, or let an administrator look at infrastructure/migrations"
        )
        return problem("roles", "; ".join(wrong), advice)
    return ok("roles", "the log can be appended to and read, not changed")


async def _durable(connection: Connection) -> Finding:
    if unsafe := await unsafe_settings(connection):
        return problem("durability", f"off: {', '.join(unsafe)}", "set them to on in PostgreSQL")
    return ok("durability", f"{', '.join(NEEDED)} are on")


async def _checksums(connection: Connection) -> Finding:
    state = await connection.fetchval("SHOW data_checksums")
    text = "are on" if state == "on" else "are off: a damaged page is not noticed (pg_checksums)"
    return note("checksums", f"data_checksums {text}")


async def _clock(connection: Connection) -> Finding:
    began = time.time()
    theirs: float = await connection.fetchval(
        "SELECT extract(epoch FROM clock_timestamp())::float8"
    )
    difference = theirs - (began + time.time()) / 2
    told = f"{abs(difference):.3f} s {'behind' if difference > 0 else 'ahead of'} the database's"
    if abs(difference) > CLOCK_SECONDS:
        return problem("clock", f"this machine's clock is {told}", "let NTP set both clocks")
    return ok("clock", told)


async def _projections(reader: LogReader) -> list[Finding]:
    """One for each read model."""
    try:
        standings = await look(reader.database, BUILT_IN)
    except LogUnavailable as error:
        return [problem("projector", str(error), "see the lines above")]
    return [_projection(standing) for standing in standings]


def _projection(standing: Standing) -> Finding:
    name, shown = standing.name, standing.shown
    where = f"at {standing.position} of {standing.last}, {standing.lag} behind"
    told = f"{name} {where}: {standing.state}"
    if shown is not None and shown.stopped_at is not None:
        advice = "this version cannot apply that event: docs/projections.md tells what to do"
    elif shown is not None and shown.paused:
        advice = f"threadlog projections resume {name}"
    elif standing.faults or standing.lag > LONGEST_LAG:
        advice = "start `threadlog projector`, or look at its log"
    else:
        return ok("projector", told)
    return problem("projector", told, advice)


async def _workers(reader: LogReader) -> Finding:
    try:
        seen = await OpenRuns(reader.database).look()
    except LogUnavailable as error:
        return problem("workers", str(error), "see the lines above")
    alive = sum(worker.locked for worker in seen)
    if not alive:
        return problem("workers", "none is alive: nothing is answered", "start `threadlog worker`")
    return ok("workers", f"{alive} alive")


async def _runs(reader: LogReader) -> Finding:
    try:
        open_runs = statement("open_runs", package=PACKAGE)
        [(count, waiting, first_waiting, first)] = await reader.database.run(open_runs)
        oldest = await _age(reader, first)
        unclaimed = await _age(reader, first_waiting)
    except LogUnavailable as error:
        return problem("open runs", str(error), "see the lines above")
    told = f"{count} open, {waiting} of them waiting for a worker"
    if count:
        told += f"; the oldest was asked for {oldest:.0f} s ago"
    if unclaimed > WAIT_SECONDS:
        advice = "start more workers, or look at their log"
        return problem("open runs", f"{told}; one has waited {unclaimed:.0f} s", advice)
    return ok("open runs", told)


async def _age(reader: LogReader, position: int | None) -> float:
    """Seconds since the event there was recorded; 0 for none."""
    if position is None:
        return 0.0
    scan = await reader.read_after(position - 1, limit=1)
    return max(time.time() - scan.entries[0].recorded_at.timestamp(), 0.0)
