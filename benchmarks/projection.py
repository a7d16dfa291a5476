"""How many events a second the projector applies, while the log is written and from its beginning.

Measures, with `threadlog projector` as a process of its own on a durable PostgreSQL, and a log of
conversations as workers write them (ten chunks an answer, every fourth answer with a tool call):
live, while this process writes the log as fast as it can on the same cores, from the first append
until the tables show the last event (where it is not behind when the writing ends, the log was the
limit); and the rebuild of the tables of record from the whole log, beside those that readers see,
by a process that has nothing else to do, the swap included, several times. "Applied" are events
that change a row; chunks are passed over, and counted in "all events". CPU per applied event: of
the projector, and of all processes of PostgreSQL, which live have the writing too. Checks that the
rebuilt tables equal the live ones row for row. Leaves out: starting the process, readers of the
tables meanwhile, conversations that stand further apart in the log than a hundred at once.
"""

import asyncio
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.conversations import fill
from benchmarks.rig.figures import Report, median
from benchmarks.rig.log_server import LogServer, log_server
from benchmarks.rig.processor import used_by
from benchmarks.rig.system import folder
from infrastructure.event_log import PostgresEventLog
from infrastructure.projecting.swapping import rebuild
from projections.projection import Projection
from projections.record import RECORD
from tests.servers import Connection, connected
from tests.storm.tables import live_tables, shown_tables
from tests.system.stack import eventually

LIVE_GOAL, REBUILD_GOAL = 3_000, 8_000  # applied events/s

# What `projections.record.change` passes over, as far as these conversations have it.
NOT_APPLIED = (
    "completion.chunk",
    "completion.tool_called",
    "completion.tool_returned",
    "completion.tool_dispatched",
)
COUNT = """
SELECT count(*), count(*) FILTER (WHERE split_part(topic, '@', 1) <> ALL ($1::text[])),
       max(notification_id)
  FROM threadlog.chat_events
"""


@dataclass(frozen=True)
class Pace:
    """One run of the projector over the whole log."""

    seconds: float
    projector_cpu: float  # seconds
    server_cpu: float


@asynccontextmanager
async def projector(server: LogServer) -> AsyncGenerator[psutil.Process]:
    """`threadlog projector`, from when it leads until the block ends."""
    urls = {"THREADLOG_DATABASE_URL": server.url, "THREADLOG_REDIS_URL": "redis://127.0.0.1:1"}
    async with folder() as place:
        output = place / "output"
        with output.open("wb") as file:
            command = (sys.executable, "-m", "interfaces.cli", "projector")
            process = await asyncio.create_subprocess_exec(
                *command, env={**os.environ, **urls}, stdout=file, stderr=file
            )
        try:
            await eventually(lambda: _leads(process, output), seconds=60, every_seconds=0.002)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            await process.wait()


def _leads(process: Process, output: Path) -> bool:
    said = output.read_text()
    assert process.returncode is None, said
    return "record follows from position 0" in said


async def shown(connection: Connection, position: int) -> None:
    """Until the tables show everything up to a position."""

    async def is_shown() -> bool:
        found: int = await connection.fetchval(
            "SELECT min(position) FROM threadlog.projections WHERE active"
        )
        return found >= position

    await eventually(is_shown, seconds=120)


async def live(server: LogServer, *, conversations: int, turns: int) -> tuple[Pace, float]:
    """Write the log while a projector follows it; the pace, and how long the writing took."""
    async with projector(server) as process, connected(server.owner_url) as looking:
        before, began = _cpu(server, process), time.perf_counter()
        async with PostgresEventLog(server.url) as log:
            await fill(log, conversations=conversations, turns=turns)
            written = time.perf_counter() - began
            await shown(looking, await log.reader.last_position())
            return _pace(began, before, _cpu(server, process)), written


@dataclass(frozen=True)
class Followed:
    """A log that was written while the projector followed it."""

    events: int
    applied: int  # of them, by the tables of record
    tables: dict[str, str]  # as the projector has left them
    pace: Pace


async def followed(
    report: Report, server: LogServer, *, conversations: int, turns: int
) -> Followed:
    """Write a log, let it be followed, tell what is in it, and tidy up as autovacuum would."""
    pace, written = await live(server, conversations=conversations, turns=turns)
    tables = await live_tables(server.owner_url)
    async with connected(server.owner_url) as connection:
        counted = await connection.fetchrow(COUNT, list(NOT_APPLIED))
        await connection.execute("VACUUM (ANALYZE)")
    assert counted is not None
    events, applied, last = counted.values()
    report.expect(events == last, "the log has holes")
    report.fact("events in the log, of which tables of record are about", [events, applied])
    report.fact("rows", {table: rows.partition(" ")[0] for table, rows in tables.items()})
    report.fact("written at, events/s", round(events / written))
    report.fact("followed at, events/s", round(events / pace.seconds))
    report.fact("behind when the writing ended, s", round(pace.seconds - written, 2))
    return Followed(events, applied, tables, pace)


async def made_again(server: LogServer, projection: Projection) -> Pace:
    """Have its tables made again beside those that readers see, and swapped."""
    process = psutil.Process()
    before, began = _cpu(server, process), time.perf_counter()
    await rebuild(server.url, projection, actor="benchmark")
    return _pace(began, before, _cpu(server, process))


async def compare(report: Report, server: LogServer, live: Followed) -> None:
    """Do readers see the rows that the projector had left?"""
    again = await shown_tables(server.owner_url)
    report.expect(again == live.tables, f"made again {again} is not live {live.tables}")


Cpu = tuple[float, float]  # seconds: of the projector, of PostgreSQL


def _cpu(server: LogServer, process: psutil.Process) -> Cpu:
    return used_by([process]), server.cpu_seconds()


def _pace(began: float, before: Cpu, after: Cpu) -> Pace:
    seconds = time.perf_counter() - began
    return Pace(seconds, after[0] - before[0], after[1] - before[1])


def tell(report: Report, name: str, paces: Sequence[Pace], *, events: int, applied: int) -> float:
    """The medians of some runs; the applied events/s."""
    rate = median([applied / one.seconds for one in paces], digits=0)
    figures = {
        "applied events/s": rate,
        "all events/s": median([events / one.seconds for one in paces], digits=0),
        "projector µs/applied": median([one.projector_cpu / applied * 1e6 for one in paces]),
        "server µs/applied": median([one.server_cpu / applied * 1e6 for one in paces]),
    }
    report.fact(name, figures)
    return rate


async def measure(report: Report, *, conversations: int, turns: int, rounds: int) -> None:
    """Live once, then rebuilt several times."""
    async with log_server() as server:
        live = await followed(report, server, conversations=conversations, turns=turns)
        paces = list[Pace]()
        for _ in range(rounds):
            paces.append(await made_again(server, RECORD))
            await compare(report, server, live)
    rate = tell(report, "live", [live.pace], events=live.events, applied=live.applied)
    report.goal("live, applied events/s", rate, least=LIVE_GOAL)
    rate = tell(report, "rebuild", paces, events=live.events, applied=live.applied)
    report.spread("rebuild, s", [one.seconds for one in paces], digits=2)
    report.goal("rebuild, applied events/s", rate, least=REBUILD_GOAL)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("projection", __doc__)
    parser.add_argument("--conversations", type=int, default=400)
    parser.add_argument("--turns", type=int, default=10, help="of each conversation")
    parser.add_argument("--rounds", type=int, default=3, help="rebuilds")
    given = parser.parse_args(arguments)

    return measured(
        partial(measure, conversations=given.conversations, turns=given.turns, rounds=given.rounds),
        given,
    )
