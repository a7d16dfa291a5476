"""One worker of three is killed with -9 while it types: how long until its answers go on.

Measures, with `threadlog up` and three workers, in turn with one answer and with nine at once, of
which the killed worker then types three or more: from the kill until the first chunk of the next
attempt is at the client, for each answer that was cut off. Clients hold their streams open all the
while. The killed process is found by the worker id in `completion.started`; it dies after a random
number of chunks. The next round begins when three workers are ready again, if there is time. Checks
that each client saw the log's public events, in order, once; that each answer is whole and is the
one of its terminal event (no text of two attempts spliced); that exactly the answers of the killed
worker were begun again. Leaves out: machines that vanish or hang (a hang is noticed after 30 s
without a heartbeat), a database that fails over.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.proof import check_answer, check_log
from benchmarks.rig.provider import provider
from benchmarks.rig.system import System, folder, up
from benchmarks.rig.wire import Received, request
from tests.model_server import ask
from tests.system.stack import KEY, eventually

WORKERS = 3
SEVERAL = 9
WORDS = 50
GAP_SECONDS = 0.03
MOST_SECONDS = 3.0
LAST_ROUND_SECONDS = 60.0  # what the last round may take, and stopping everything


@dataclass(frozen=True)
class Answer:
    """One answer, and what its client has seen so far."""

    thread: str
    completion: str
    events: list[Received] = field(default_factory=list[Received])

    @property
    def chunks(self) -> list[Received]:
        """Those of text, of all attempts."""
        return [event for event in self.events if event.name == "completion.chunk"]

    @property
    def worker(self) -> str:
        """The id of the one who began it last."""
        begun = [event for event in self.events if event.name == "completion.started"]
        worker_id: str = begun[-1].seen.data["worker_id"]
        return worker_id


@dataclass(frozen=True)
class Recovered:
    """What the kill did to one answer."""

    silent_seconds: float
    void_characters: int
    saw: str  # event names from the last chunk before the kill to the first one of the new attempt


async def kill_once(system: System, *, answers: int, chance: random.Random) -> list[Recovered]:
    """Ask, kill the one who types most of them, follow all to their end."""
    asked = await asyncio.gather(*(_ask(system) for _ in range(answers)))
    following = asyncio.gather(*(_follow(system, answer) for answer in asked))
    chunks = chance.randrange(1, 10)
    await eventually(lambda: _have(asked, chunks) or following.done(), every_seconds=0.005)
    [(worker, _)] = Counter(answer.worker for answer in asked).most_common(1)
    struck = [answer for answer in asked if answer.worker == worker]
    process = system.stack.worker(worker)
    killed_at = time.time_ns()
    process.kill()
    await following
    for answer in asked:
        seen = [event.seen for event in answer.events]
        await check_log(system.client, answer.thread, seen, whole=True)
        check_answer(seen, answer.completion, words=WORDS)
        attempts = {event.seen.data["attempt"] for event in answer.chunks}
        assert attempts == ({1, 2} if answer in struck else {1}), attempts
    return [_recovered(answer, killed_at=killed_at) for answer in struck]


async def _ask(system: System) -> Answer:
    started = await system.client.start(ask(words=WORDS, gap_seconds=GAP_SECONDS))
    return Answer(started["thread_id"], started["completion_id"])


async def _follow(system: System, answer: Answer) -> None:
    """To the end of the answer."""
    stream = f"{system.url}/v1/threads/{answer.thread}/events?until=idle"
    async with request(stream, key=KEY) as response, aclosing(response.events()) as events:
        async for event in events:
            answer.events.append(event)


def _have(answers: Sequence[Answer], chunks: int) -> bool:
    return all(len(answer.chunks) >= chunks for answer in answers)


def _recovered(answer: Answer, *, killed_at: int) -> Recovered:
    chunks = [(event, event.seen.data) for event in answer.chunks]
    void = [data["text"] for _, data in chunks if data["attempt"] == 1]
    first = next(event for event, data in chunks if data["attempt"] == 2)
    last_void = answer.events.index(chunks[len(void) - 1][0])
    between = answer.events[last_void : answer.events.index(first) + 1]
    [lost] = [e.seen.data for e in answer.events if e.name == "completion.interrupted"]
    assert lost["reason"] == "worker_lost", lost
    saw = " → ".join(n.removeprefix("completion.") for n, _ in groupby(e.name for e in between))
    return Recovered((first.at - killed_at) / 1e9, sum(map(len, void)), saw)


async def measure(report: Report, *, rounds: int, seconds: float) -> None:
    """Round after round, as many as the time allows."""
    chance, done = random.Random(7), list[list[Recovered]]()
    began = time.monotonic()
    with provider() as environment:
        several = {**environment, "THREADLOG_WORKERS": str(WORKERS)}
        async with folder() as place, up(place, several) as system:
            while len(done) < rounds and time.monotonic() - began < seconds:
                await system.workers_ready(WORKERS)
                answers = SEVERAL if len(done) % 2 else 1
                done.append(await kill_once(system, answers=answers, chance=chance))
    for label, some in (("one answer", done[::2]), ("nine answers at once", done[1::2])):
        if some:
            _tell(report, label, some)
    every = [one for some in done for one in some]
    report.spread("characters made void", [one.void_characters for one in every])
    report.fact("what the client saw in between", dict(Counter(one.saw for one in every)))


def _tell(report: Report, label: str, rounds: Sequence[Sequence[Recovered]]) -> None:
    silent = [one.silent_seconds for some in rounds for one in some]
    spread = report.spread(f"{label}: kill -9 to the next chunk, s", silent, digits=2)
    report.goal(f"{label}: kill -9 to the next chunk, s, p95", spread.p95, most=MOST_SECONDS)
    report.fact(f"{label}: rounds", len(rounds))
    report.fact(f"{label}: cut off in each", [len(some) for some in rounds])


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("recovery", __doc__)
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=165.0, help="no round begins after these")
    given = parser.parse_args(arguments)

    return measured(
        partial(measure, rounds=given.rounds, seconds=given.seconds),
        given,
        most_seconds=given.seconds + LAST_ROUND_SECONDS,
    )
