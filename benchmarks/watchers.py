"""One answer, watched live by a hundred, five hundred and a thousand clients at one API process.

Measures, with `threadlog up` as a newcomer starts it (one API, two workers, PostgreSQL with fsync,
Valkey), for each number of clients: how late each event is at each client, from `recorded_at`, the
time that the log gave it just before its commit, to its last byte; how many statements read the
log meanwhile (PostgreSQL writes every statement of every process into its own log; those of the
relay are `read_thread` and the look at the tail every 2 s, `thread_tails`), for each append; what
CPU time the API uses; and its own memory (USS) for each client, the answer's end included. The
model says a word each 20 ms, of which the log makes nine events a second, twenty in the first. The
clients are bare sockets of one user in one other process (benchmarks/rig/watching.py), and have
caught up before the answer begins. Checks that each got all public events of the turn once, in
order, byte by byte the same, and that these are the log's. Leaves out: TLS, a network, clients that
read slowly (tests/storm/stalled.py). Clients, provider and all processes share the cores.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.processor import own_kilobytes, used_by
from benchmarks.rig.proof import check_answer, check_log
from benchmarks.rig.provider import provider
from benchmarks.rig.statements import counted
from benchmarks.rig.system import System, running
from benchmarks.rig.watching import Watched, sha256, watching
from benchmarks.rig.wire import Received, request
from tests.model_server import ask
from tests.servers import connected
from tests.system.stack import KEY

GAP_SECONDS = 0.02
SETTLE_SECONDS = 1.0
WARMING = 20  # clients of an answer that is not measured
MOST_LATE_MS = 150.0
MOST_READS = 1.0


@dataclass(frozen=True)
class Round:
    """One answer before so many clients."""

    late_ms: list[float]
    frames: int  # to each client
    frames_per_second: float
    statements: Counter[str]
    api_seconds: float
    clients_seconds: float
    kilobytes: tuple[float, float]  # of the API: with all clients there, and at the answer's end


async def watch(system: System, thread: str, *, clients: int, seconds: float) -> Round:
    """Everybody comes, then an answer of so many seconds is typed."""
    [api] = system.stack.processes("api")
    words = round(seconds / GAP_SECONDS)
    url = f"{system.url}/v1/threads/{thread}/events"
    async with watching(f"{url}?after=latest", key=KEY, clients=clients) as watchers:
        await asyncio.sleep(SETTLE_SECONDS)
        waiting, cpu = own_kilobytes([api]), used_by([api])
        async with counted(system) as statements:
            said = await system.client.say(thread, ask(words=words, gap_seconds=GAP_SECONDS))
            watched, clients_seconds = await watchers.until_turn_ended()
            cpu, ending = used_by([api]) - cpu, own_kilobytes([api])
    events = await _read(system, thread)
    check_answer([one.seen for one in events], said["completion_id"], words=words)
    turn = _last_turn(events)
    _check(watched, turn)
    recorded = await _recorded(system, thread)
    return Round(
        late_ms=[
            at / 1e6 - recorded[position]
            for one in watched
            for position, at in zip(one.positions, one.at, strict=True)
        ],
        frames=len(turn),
        frames_per_second=_rate([recorded[e.id] for e in turn if e.name == "completion.chunk"]),
        statements=statements,
        api_seconds=cpu,
        clients_seconds=clients_seconds,
        kilobytes=(waiting, ending),
    )


async def _read(system: System, thread: str) -> list[Received]:
    """The thread from its first event, which is checked against the log's pages."""
    url = f"{system.url}/v1/threads/{thread}/events?until=idle"
    async with request(url, key=KEY) as answer:
        events = [event async for event in answer.events()]
    await check_log(system.client, thread, [event.seen for event in events], whole=True)
    return events


def _check(watched: Sequence[Watched], turn: Sequence[Received]) -> None:
    """Each has got the turn, byte by byte."""
    positions, digest = [event.id for event in turn], sha256([_block(event) for event in turn])
    for one in watched:
        assert one.positions == positions, "lost, doubled or out of order"
        assert one.sha256 == digest, "other bytes"


def _last_turn(events: Sequence[Received]) -> list[Received]:
    ends = [number for number, event in enumerate(events) if event.name == "thread.turn_ended"]
    return list(events[ends[-2] + 1 :])


def _block(event: Received) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s" % (event.id, event.name.encode(), event.data)


async def _recorded(system: System, thread: str) -> dict[int, float]:
    """When the log recorded each position, in milliseconds since 1970."""
    query = """SELECT notification_id, extract(epoch FROM recorded_at)::float8 * 1000 AS at
                 FROM threadlog.chat_events WHERE thread_id = $1"""
    async with connected(system.postgres.owner_url) as connection:
        rows = await connection.fetch(query, UUID(thread))
    return {row["notification_id"]: row["at"] for row in rows}


def _rate(times_ms: Sequence[float]) -> float:
    return 1000 * (len(times_ms) - 1) / (times_ms[-1] - times_ms[0])


async def measure(report: Report, *, rounds: Sequence[int], seconds: float) -> None:
    """One answer after the other, in one thread, before more and more clients."""
    with provider() as environment:
        async with running(environment) as system:
            started = await system.client.start(ask(words=3))
            thread = started["thread_id"]
            await system.client.until_end(started["completion_id"], thread)
            await watch(system, thread, clients=WARMING, seconds=2.0)
            [api] = system.stack.processes("api")
            base = own_kilobytes([api])
            for clients in rounds:
                found = await watch(system, thread, clients=clients, seconds=seconds)
                _tell(report, found, clients=clients, base=base)


def _tell(report: Report, found: Round, *, clients: int, base: float) -> None:
    many = f"{clients:,} watchers: "
    frames = found.frames * clients
    spread = report.spread(f"{many}from the log to the client, ms", found.late_ms)
    appends = found.statements["append"]
    reads = found.statements["read_thread"] + found.statements["thread_tails"]
    report.goal(f"{many}lateness p99, ms", spread.p99, most=MOST_LATE_MS)
    report.goal(f"{many}reads of the relay for each append", reads / appends, most=MOST_READS)
    report.fact(f"{many}statements of the log", dict(found.statements.most_common()))
    report.fact(f"{many}events, a second", [found.frames, round(found.frames_per_second, 1)])
    report.fact(f"{many}API, CPU ms per 1,000 frames", round(found.api_seconds * 1e6 / frames, 1))
    cpu = {"API": round(found.api_seconds, 2), "clients": round(found.clients_seconds, 2)}
    report.fact(f"{many}CPU seconds", cpu)
    waiting, ending = (round((size - base) / clients, 1) for size in found.kilobytes)
    report.fact(f"{many}API, kB each", {"before the answer": waiting, "at its end": ending})


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("watchers", __doc__)
    parser.add_argument("--watchers", type=int, nargs="+", default=[100, 500, 1000])
    parser.add_argument("--seconds", type=float, default=22.0, help="of each answer")
    given = parser.parse_args(arguments)

    return measured(partial(measure, rounds=given.watchers, seconds=given.seconds), given)
