"""Short answers per second: twenty words without a pause, asked for again and again, at once.

Measures how many answers sixteen clients get in each round of some seconds, each client asking
anew in a new thread when its answer has ended, in turn with the baseline (FastAPI and pydantic-ai
straight into a stream: benchmarks/rig/direct.py, two processes), and the CPU milliseconds of all
processes per answer, with what is done in the half second after the last one. Here each answer pays
for its thread, its claim, its recorded request, its message and its end. Leaves out: TLS, a
network, a real model. Provider and clients share the cores with what is measured.
"""

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.contender import Contender
from benchmarks.rig.contest import contest, in_turn, tell_ratio
from benchmarks.rig.costs import Costs, used_in_the_end, used_now
from benchmarks.rig.figures import Report
from benchmarks.rig.listener import Listener

CLIENTS = 16
WORDS = 20


async def measure(report: Report, *, rounds: int, seconds: float) -> None:
    """In turn, so that what disturbs one disturbs both."""
    costs = Costs("CPU ms per answer", digits=1)

    async def answers_per_second(contender: Contender) -> float:
        before, began = await used_now(contender), time.perf_counter()

        async def client() -> int:
            answers = 0
            while time.perf_counter() - began < seconds:
                await Listener(contender, words=WORDS, gap_seconds=0).listen()
                answers += 1
            return answers

        answers = sum(await asyncio.gather(*(client() for _ in range(CLIENTS))))
        elapsed = time.perf_counter() - began
        costs.add(contender, before, await used_in_the_end(contender), units=answers / 1000)
        return answers / elapsed

    async with contest() as contenders:
        rates = await in_turn(contenders, answers_per_second, rounds=rounds)
    tell_ratio(report, "answers/s", rates, least=0.35)
    costs.tell(report)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("short", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round")
    given = parser.parse_args(arguments)

    return measured(partial(measure, rounds=given.rounds, seconds=given.seconds), given)
