"""The worker that types an answer is killed with -9: how long until the answer goes on.

Measures, twenty times, with `threadlog up` and two workers: from the kill until the first chunk of
the next attempt is at the client, which holds its stream open all the while. The killed process is
found by the worker id in `completion.started`; it dies after a random number of chunks. The next
round begins when two workers are ready again, if there is time. Checks that the client saw the
log's public events, in order, once; that the answer is whole and is the one of the terminal event
(no text of two attempts spliced); that exactly one worker was lost. Leaves out: machines that
vanish or hang (a hang is noticed after 30 s without a heartbeat), a database that fails over.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from benchmarks.rig.bounded import measured
from benchmarks.rig.figures import Report
from benchmarks.rig.proof import check_answer, check_log
from benchmarks.rig.provider import provider
from benchmarks.rig.system import System, running
from benchmarks.rig.wire import Received, request
from tests.model_server import ask
from tests.system.stack import KEY

WORDS = 50
GAP_SECONDS = 0.03
LAST_ROUND_SECONDS = 60.0  # what the last round may take, and stopping everything


@dataclass(frozen=True)
class Round:
    """What one killing did."""

    silent_seconds: float
    void_characters: int
    saw: str  # event names from the last chunk before the kill to the first one of the new attempt


async def kill_once(system: System, chance: random.Random) -> Round:
    """Ask, kill the one who answers, follow to the end."""
    threads = f"{system.url}/v1/threads"
    message = {"text": ask(words=WORDS, gap_seconds=GAP_SECONDS)}
    started = await system.client.post("/v1/threads", {"message": message})
    chunks_to_see = chance.randrange(1, 10)
    events, killed_at = list[Received](), 0
    stream = f"{threads}/{started['thread_id']}/events?until=idle"
    async with request(stream, key=KEY) as answer:
        async for event in answer.events():
            events.append(event)
            if event.name == "completion.chunk" and not killed_at:
                chunks_to_see -= 1
                if not chunks_to_see:
                    killed_at = _kill(system, events)
    seen = [event.seen for event in events]
    await check_log(system.client, started["thread_id"], seen, whole=True)
    check_answer(seen, started["completion_id"], words=WORDS)
    return _round(events, killed_at=killed_at)


def _kill(system: System, events: Sequence[Received]) -> int:
    """When, in nanoseconds since 1970."""
    [worker_id] = [e.seen.data["worker_id"] for e in events if e.name == "completion.started"]
    worker = system.stack.worker(worker_id)
    killed_at = time.time_ns()
    worker.kill()
    return killed_at


def _round(events: Sequence[Received], *, killed_at: int) -> Round:
    chunks = [(event, event.seen.data) for event in events if event.name == "completion.chunk"]
    void = [data["text"] for _, data in chunks if data["attempt"] == 1]
    first = next(event for event, data in chunks if data["attempt"] == 2)
    last_void = events.index(chunks[len(void) - 1][0])
    names = [event.name for event in events[last_void : events.index(first) + 1]]
    [lost] = [event.seen.data for event in events if event.name == "completion.interrupted"]
    assert lost["reason"] == "worker_lost", lost
    saw = " → ".join(name.removeprefix("completion.") for name, _ in groupby(names))
    return Round((first.at - killed_at) / 1e9, sum(map(len, void)), saw)


async def measure(report: Report, *, rounds: int, seconds: float) -> None:
    """Round after round, as many as the time allows."""
    chance, done = random.Random(7), list[Round]()
    began = time.monotonic()
    with provider() as environment:
        async with running(environment) as system:
            while len(done) < rounds and time.monotonic() - began < seconds:
                await system.workers_ready()
                done.append(await kill_once(system, chance))
    report.spread(
        "kill -9 to the next chunk at the client, s", [one.silent_seconds for one in done], digits=2
    )
    report.spread("characters made void", [one.void_characters for one in done])
    report.fact("rounds", len(done))
    report.fact("what the client saw in between", dict(Counter(one.saw for one in done)))
    report.fact("spliced, torn or doubled text", 0)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks recovery", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=165.0, help="no round begins after these")
    given = parser.parse_args(arguments)

    async def work(report: Report) -> None:
        await measure(report, rounds=given.rounds, seconds=given.seconds)

    return measured(work, title=__doc__, most_seconds=given.seconds + LAST_ROUND_SECONDS)
