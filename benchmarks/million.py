"""What the read side does with a log of a million events, written through the real codec.

Measures on a durable PostgreSQL with `threadlog projector` as a process of its own: how fast the
read models follow while the log is written as fast as this process can (ten chunks an answer, every
fourth answer with a tool call); how fast each of them is made again beside and swapped, by a
process that has nothing else to do, and whether what is made again equals what was live, row for
row; and how long the ten questions of docs/analytics.md take as an analyst's login. Leaves out:
readers meanwhile, see `./do prove reading`; the export, see `export`.
"""

from collections.abc import Sequence
from functools import partial

from benchmarks.projection import REBUILD_GOAL, compare, followed, made_again
from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.log_server import log_server
from benchmarks.rig.questions import ask_all
from projections.registry import BUILT_IN

TURNS = 10
EVENTS_OF_TURN = 20.3  # on average
MOST_SECONDS = 1500.0


async def measure(report: Report, *, events: int) -> None:
    """Write and follow, make again, ask."""
    conversations = round(events / EVENTS_OF_TURN / TURNS)
    async with log_server() as server:
        live = await followed(report, server, conversations=conversations, turns=TURNS)
        for projection in BUILT_IN:
            name, pace = projection.name, await made_again(server, projection)
            cpu = round(pace.projector_cpu / live.events * 1e6, 1)
            report.fact(f"{name} made again", {"s": round(pace.seconds, 1), "µs of CPU/event": cpu})
            rate = live.events / pace.seconds
            report.goal(f"{name} made again, events/s", rate, least=REBUILD_GOAL)
        await compare(report, server, live)
        await ask_all(report, server)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("million", __doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    given = parser.parse_args(arguments)
    return measured(partial(measure, events=given.events), given, most_seconds=MOST_SECONDS)
