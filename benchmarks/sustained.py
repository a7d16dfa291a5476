"""How many chunks per second can be kept up, how late they are at half of that, and what they cost.

Two stages, in turn with the baseline (FastAPI and pydantic-ai straight into a stream:
benchmarks/rig/direct.py, two processes). First endless answers of 20 chunks/s are added, some more
every two seconds, until the 99th percentile of lateness over such a window passes 250 ms in two
windows running; what arrived per second in the best of the other windows is sustainable (what a
window has caught up from the one before does not count). Then both answer at half the baseline's
sustainable rate, measured once all answers run: lateness of every word that arrives in ten seconds
(fewer than 95 % of those that were due are a wrong result), and CPU seconds of all processes per
1,000 chunks (PostgreSQL and Valkey included). Late is late against the model's schedule, a provider
that slips on the busy machine included; Threadlog gathers words for 50 ms in the first second of an
answer and for 100 ms after it, which is part of the lateness. Each word has to arrive once and in
order. Leaves out: how long answers take to begin and to end, TLS, a network, a real model. Provider
and clients share the cores with what is measured.
"""

import asyncio
import math
import statistics
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import takewhile

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.contender import Contender
from benchmarks.rig.contest import Contenders, contest, in_turn, tell_ratio
from benchmarks.rig.costs import Costs, used_now
from benchmarks.rig.figures import Report, Spread
from benchmarks.rig.listener import Listener

GAP_SECONDS = 0.05
WINDOW_SECONDS = 2.0
LATE_MS = 250.0
MOST_ANSWERS = 190  # slots are 200
STEADY_SECONDS = 10.0
RAMP_SECONDS = 3.0
SETTLE_SECONDS = 2.0
LEAST_ARRIVED = 0.95  # of the words due; else lateness would be of those only that came


class Crowd:
    """Listeners of endless answers; more may come."""

    def __init__(self, contender: Contender) -> None:
        self.listeners: list[Listener] = []
        self._contender = contender
        self._tasks: list[asyncio.Task[None]] = []

    def add(self, answers: int) -> None:
        """Ask for so many more."""
        for _ in range(answers):
            listener = Listener(self._contender, words=None, gap_seconds=GAP_SECONDS)
            self.listeners.append(listener)
            self._tasks.append(asyncio.create_task(listener.listen()))

    def late_ms(self, *, since: int) -> list[float]:
        """Of the words that have arrived since then (nanoseconds since 1970)."""
        for task in self._tasks:
            if task.done():
                task.result()
        return [
            arrival.late_ms
            for listener in self.listeners
            for arrival in takewhile(lambda one: one.at >= since, reversed(listener.arrivals))
        ]

    async def end(self) -> None:
        """Cancel all answers, and let what they have left behind come to its end.

        Raises what has befallen any of them.
        """
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error
        await asyncio.sleep(SETTLE_SECONDS)


@asynccontextmanager
async def crowd(contender: Contender) -> AsyncGenerator[Crowd]:
    """Nobody at first; all answers are ended with the block."""
    here = Crowd(contender)
    try:
        yield here
    finally:
        await here.end()


async def sustainable(contender: Contender, *, step: int) -> float:
    """Chunks per second of the best window before lateness passes the bound in two running."""
    best, failed = 0.0, 0
    async with crowd(contender) as here:
        while failed < 2 and len(here.listeners) < MOST_ANSWERS:
            here.add(step)
            began = time.time_ns()
            await asyncio.sleep(WINDOW_SECONDS)
            late = here.late_ms(since=began)
            rate = min(
                len(late) / ((time.time_ns() - began) / 1e9), len(here.listeners) / GAP_SECONDS
            )
            failed = failed + 1 if not late or Spread.of(late).p99 > LATE_MS else 0
            best = best if failed else max(best, rate)
    return best


async def steady(contender: Contender, *, answers: int, costs: Costs) -> list[float]:
    """Lateness of all words of some seconds; what they cost is added to the costs."""
    async with crowd(contender) as here:
        here.add(answers)
        await asyncio.sleep(RAMP_SECONDS)
        began, before = time.time_ns(), await used_now(contender)
        await asyncio.sleep(STEADY_SECONDS)
        after, late = await used_now(contender), here.late_ms(since=began)
    costs.add(contender, before, after, units=len(late) / 1000)
    return late


async def measure(report: Report, *, rounds: int, step: int) -> None:
    """In turn, so that what disturbs one disturbs both."""
    async with contest() as contenders:

        async def ramp(contender: Contender) -> float:
            return await sustainable(contender, step=step)

        rates = await in_turn(contenders, ramp, rounds=rounds)
        tell_ratio(report, "sustainable chunks/s", rates, least=0.7)
        most = max(max(values) for values in rates.values())
        report.expect(
            most < LEAST_ARRIVED * MOST_ANSWERS / GAP_SECONDS,
            "all slots were kept busy in time: what is sustainable is more than there were slots",
        )
        answers = math.ceil(statistics.median(rates["baseline"]) / 2 * GAP_SECONDS)
        await at_half(report, contenders, answers=answers, rounds=rounds)


async def at_half(report: Report, contenders: Contenders, *, answers: int, rounds: int) -> None:
    """Lateness and CPU at half the baseline's rate."""
    late: dict[str, list[float]] = {}
    costs = Costs("CPU seconds per 1,000 chunks", digits=3)
    due = answers / GAP_SECONDS * STEADY_SECONDS

    async def share_arrived(contender: Contender) -> float:
        found = await steady(contender, answers=answers, costs=costs)
        late.setdefault(contender.name, []).extend(found)
        return len(found) / due

    shares = await in_turn(contenders, share_arrived, rounds=rounds)
    for name, values in shares.items():
        enough = min(values) >= LEAST_ARRIVED
        report.expect(enough, f"{name}: only {min(values):.0%} of the words due have arrived")
    report.fact("at half of the baseline's: answers at once", answers)
    spreads = {
        name: report.spread(f"{name}: lateness at half, ms", values)
        for name, values in late.items()
    }
    report.goal("lateness p99 at half, threadlog, ms", spreads["threadlog"].p99, most=200)
    costs.tell(report, most=1.5)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("sustained", __doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--step", type=int, default=5, help="answers that are added at once")
    given = parser.parse_args(arguments)

    return measured(partial(measure, rounds=given.rounds, step=given.step), given, most_seconds=580)
