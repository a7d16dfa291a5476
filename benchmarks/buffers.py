"""Pages that PostgreSQL touches for an operation, in a log of 10,000, 100,000 and 1,000,000 events.

Measures what does not depend on the machine: buffers (pages of 8 kB, from memory or not) that the
connection of the operation touches, by pg_stat_get_backend_io, for the product's own statements and
plans, after a warm-up in which the plans are made: appends, reads of the log, the look for work,
and the queries of the read tables. Reads are done for ten threads from all over the log, old and
new, and the mean is told; appends go to streams of threads that have just begun. Checks that each
read found what it was to find. The log is filled by PostgreSQL itself on a server without fsync and
without autovacuum, for the sake of time (no figure here is a time); VACUUM ANALYZE after each
filling is what autovacuum would have done. Leaves out: writes to disk, the projector's upserts.
"""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import cycle, islice

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.large_log import AT_ONCE, EVENTS_OF_THREAD, Place, grow, places, prepare
from benchmarks.rig.log_server import LogServer, log_server
from benchmarks.rig.operations import (
    Connected,
    Operation,
    Stream,
    append,
    appends,
    log_reads,
    table_reads,
)
from domain.ids import uuid7
from infrastructure.event_log import RUNTIME, LogReader
from infrastructure.event_log.connection import connected
from infrastructure.read_database import ReadDatabase
from tests import servers
from tests.servers import FAST

EVENTS = (10_000, 100_000, 1_000_000)
PLACES = 10  # threads that are looked at
STREAMS = 100  # that are written to
WARM_UP = 8  # times; after five PostgreSQL may keep a plan
GOAL = 1.3

TOUCHED = """
SELECT coalesce(sum(hits + coalesce(reads, 0)), 0)::bigint
  FROM pg_stat_get_backend_io($1) WHERE object = 'relation'
"""


async def touched(
    looking: servers.Connection, by: Connected, operation: Operation, *, at: Sequence[Place]
) -> float:
    """Buffers of one operation: the mean, without those of the counting itself."""
    for place in islice(cycle(at), WARM_UP):
        await operation(place)
    nothing = await _between(looking, by, operation, at=[])
    return round((await _between(looking, by, operation, at=at) - nothing) / len(at), 1)


async def _between(
    looking: servers.Connection, by: Connected, operation: Operation, *, at: Sequence[Place]
) -> int:
    before = await _count(looking, by)
    for place in at:
        await operation(place)
    return await _count(looking, by) - before


async def _count(looking: servers.Connection, by: Connected) -> int:
    found: int = await looking.fetchval(TOUCHED, await by.flush())
    return found


@asynccontextmanager
async def connections(server: LogServer) -> AsyncGenerator[list[Connected]]:
    """New ones, so that their plans are made for the log as it is now."""
    tables = ReadDatabase(server.url, connections=1)
    streams: list[Stream] = [(uuid7(), uuid7(), uuid7()) for _ in range(STREAMS)]
    try:
        async with (
            LogReader(server.url, connections=1) as log,
            connected(server.url, role=RUNTIME) as writing,
        ):
            await append(writing, streams, expected=0)
            yield [log_reads(log), table_reads(tables), appends(writing, streams)]
    finally:
        await tables.close()


async def measure_size(server: LogServer, *, threads: int) -> dict[str, float]:
    """Buffers of each operation, in the log as it is."""
    async with servers.connected(server.owner_url) as looking:
        at = await places(looking, range(0, threads, threads // PLACES)[:PLACES])
        async with connections(server) as all_of_them:
            return {
                name: await touched(looking, by, operation, at=at)
                for by in all_of_them
                for name, operation in by.operations.items()
            }


async def measure(report: Report, *, sizes: Sequence[int]) -> None:
    """One log that grows."""
    found = dict[int, dict[str, float]]()
    began, threads = time.perf_counter(), 0
    async with log_server({**FAST, "autovacuum": "off", "max_wal_size": "8GB"}) as server:
        await prepare(server.url, server.owner_url)
        for size in sizes:
            async with servers.connected(server.owner_url) as filling:
                to = size // (EVENTS_OF_THREAD * AT_ONCE) * AT_ONCE
                await grow(filling, threads=threads, to=to)
                threads = to
            found[size] = await measure_size(server, threads=threads)
    report.fact("seconds, filling included", round(time.perf_counter() - began, 1))
    smallest, largest = found[sizes[0]], found[sizes[-1]]
    for name in smallest:
        report.fact(f"{name}, buffers", {f"{size:,}": found[size][name] for size in sizes})
    for name, buffers in smallest.items():
        ratio = largest[name] / buffers
        report.goal(f"{name}: {sizes[-1]:,} / {sizes[0]:,}", ratio, most=GOAL)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("buffers", __doc__)
    parser.add_argument("--most", type=int, default=EVENTS[-1], help="events in the largest log")
    given = parser.parse_args(arguments)

    return measured(partial(measure, sizes=[size for size in EVENTS if size <= given.most]), given)
