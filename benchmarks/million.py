"""What the read side does with a log of a million events, written through the real codec.

Measures on a durable PostgreSQL with `threadlog projector` as a process of its own: how fast the
read models follow while the log is written as fast as this process can (ten chunks an answer, every
fourth answer with a tool call); how fast each of them is made again beside and swapped, by a
process that has nothing else to do, and whether what is made again equals what was live, row for
row; and how long the ten questions of docs/analytics.md take as an analyst's login. Leaves out:
readers meanwhile, see `./do prove reading`; the export, see `export`.
"""

import time
from collections.abc import Sequence
from functools import partial

import psutil

from benchmarks.projection import COUNT, NOT_APPLIED, live
from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.log_server import LogServer, log_server
from benchmarks.rig.questions import ask_all
from infrastructure.projecting.swapping import rebuild
from projections.projection import Projection
from projections.registry import BUILT_IN
from tests.servers import connected
from tests.storm.tables import live_tables, shown_tables

TURNS = 10
EVENTS_OF_TURN = 20.3  # on average
REBUILD_GOAL = 8_000  # events/s
MOST_SECONDS = 1500.0


async def made_again(
    report: Report, server: LogServer, projection: Projection, *, events: int
) -> None:
    """Tell how fast."""
    process = psutil.Process()
    used, began = sum(process.cpu_times()[:2]), time.perf_counter()
    await rebuild(server.url, projection, actor="benchmark")
    seconds = time.perf_counter() - began
    own = sum(process.cpu_times()[:2]) - used
    figures = {"s": round(seconds, 1), "µs of CPU/event": round(own / events * 1e6, 1)}
    report.fact(f"{projection.name} made again", figures)
    report.goal(f"{projection.name} made again, events/s", events / seconds, least=REBUILD_GOAL)


async def measure(report: Report, *, events: int) -> None:
    """Write and follow, make again, ask."""
    conversations = round(events / EVENTS_OF_TURN / TURNS)
    async with log_server() as server:
        following, written = await live(server, conversations=conversations, turns=TURNS)
        as_live = await live_tables(server.owner_url)
        async with connected(server.owner_url) as connection:
            counted = await connection.fetchrow(COUNT, list(NOT_APPLIED))
            await connection.execute("VACUUM (ANALYZE)")
        assert counted is not None
        total, applied, last = counted.values()
        report.fact("events in the log, of which tables of record are about", [total, applied])
        report.expect(total == last, "the log has holes")
        report.fact("rows", {table: rows.partition(" ")[0] for table, rows in as_live.items()})
        report.fact("written at, events/s", round(total / written))
        report.fact("followed at, events/s", round(total / following.seconds))
        report.fact("behind when the writing ended, s", round(following.seconds - written, 2))
        for projection in BUILT_IN:
            await made_again(report, server, projection, events=total)
        again = await shown_tables(server.owner_url)
        report.expect(again == as_live, f"made again {again} is not live {as_live}")
        report.fact("tables that differ", sum(again[one] != as_live[one] for one in as_live))
        await ask_all(report, server)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("million", __doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args(arguments)
    return measured(partial(measure, events=given.events), given, most_seconds=MOST_SECONDS)
