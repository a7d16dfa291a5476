"""Appends per second by batch size, beside the same rows inserted without any order.

Measures a closed loop: 1, 10, 100 and 1,000 completions, each a stream in a thread of its own, that
have their next chunk as soon as the last one is durable. "Ours": encoded by the codec, through the
writer that commits for all, one call of the append function for a batch. "Bare": the same events,
encoded alike, by one INSERT … SELECT unnest on one connection that is held, into a table of the
same columns and indexes; positions from a sequence, no lock, no look at versions or threads, nobody
is told. Both on one durable server, in turns, medians of the rounds. CPU per event: of the client,
and of all processes of PostgreSQL. Checks that the log has every event that was acknowledged, once,
and no hole. Leaves out: several writers (the ordering suite has them), a network, a slow disk.
"""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report, Spread, median
from benchmarks.rig.log_server import LogServer, log_server
from benchmarks.rig.writing import BARE, Writing, bare, ours
from infrastructure.event_log.connection import connected

SIZES = (1, 10, 100, 1000)
GOAL = 12_000  # events/s in batches of 100 streams


@dataclass(frozen=True)
class Result:
    """One way to write, for one round."""

    events: int
    events_per_batch: float
    events_per_second: float
    commit_ms: Spread
    client_microseconds: float  # CPU per event: encode, batch, answer
    server_microseconds: float


async def measure_one(server: LogServer, writing: Writing, *, seconds: float) -> Result:
    """Write for this long; what it took, from all sides."""
    backends = server.cpu_seconds()
    began, client = time.perf_counter(), time.process_time()
    await writing.run(seconds)
    elapsed, client = time.perf_counter() - began, time.process_time() - client
    events = sum(writing.batches)
    return Result(
        events=events,
        events_per_batch=statistics.mean(writing.batches),
        events_per_second=events / elapsed,
        commit_ms=Spread.of(writing.waits_ms),
        client_microseconds=client / events * 1e6,
        server_microseconds=(server.cpu_seconds() - backends) / events * 1e6,
    )


def middle(results: Sequence[Result]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {
        "events/s": median([one.events_per_second for one in results], digits=0),
        "per batch": median([one.events_per_batch for one in results]),
        "client µs/event": median([one.client_microseconds for one in results]),
        "server µs/event": median([one.server_microseconds for one in results]),
        "p50 ms": median([one.commit_ms.p50 for one in results]),
        "p99 ms": median([one.commit_ms.p99 for one in results]),
    }


async def rounds_of(
    server: LogServer, *, rounds: int, seconds: float
) -> dict[int, tuple[list[Result], list[Result]]]:
    """Both ways, in turns, by batch size."""
    found: dict[int, tuple[list[Result], list[Result]]] = {size: ([], []) for size in SIZES}
    for _ in range(rounds):
        for size, (with_order, without) in found.items():
            for way, results in ((ours, with_order), (bare, without)):
                async with way(server, streams=size) as writing:
                    results.append(await measure_one(server, writing, seconds=seconds))
    return found


async def check(report: Report, server: LogServer, *, acknowledged: int) -> None:
    """The log has what was acknowledged (the last batch of a round may be more), without a hole."""
    async with connected(server.owner_url) as connection:
        count, last, streams_whole = await connection.fetchrow(
            "SELECT sum(n), max(last), bool_and(n = version) FROM (SELECT count(*) AS n,"
            " max(notification_id) AS last, max(originator_version) AS version"
            " FROM threadlog.chat_events GROUP BY originator_id) AS stream"
        )
    report.fact("events in the log, acknowledged while measured", [int(count), acknowledged])
    report.expect(count == last and streams_whole, "the log has a hole")
    report.expect(count >= acknowledged, "acknowledged events are not in the log")


async def measure(report: Report, *, rounds: int, seconds: float) -> None:
    """All sizes, ours and bare in turns."""
    async with log_server() as server:
        async with connected(server.owner_url) as connection:
            await connection.execute(BARE)
        found = await rounds_of(server, rounds=rounds, seconds=seconds)
        acknowledged = sum(one.events for results, _ in found.values() for one in results)
        await check(report, server, acknowledged=acknowledged)
    for size, both in found.items():
        with_order, without = map(middle, both)
        ratio = round(with_order["events/s"] / without["events/s"], 2)
        report.fact(f"{size} streams, events/s ours / bare", ratio)
        report.fact(f"{size} streams, ours", with_order)
        report.fact(f"{size} streams, bare", without)
    at_100 = middle(found[100][0])["events/s"]
    report.goal("events/s, one process, batches of 100 streams", at_100, least=GOAL)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("append", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="for each size (default 1.5)")
    given = parser.parse_args(arguments)

    return measured(partial(measure, rounds=given.rounds, seconds=given.seconds), given)
