"""Eight answers of a thousand chunks each that a model sends without a pause, beside the baseline.

Measures chunks per second, from the first request until the last answer has ended, and the CPU
seconds of all processes per 1,000 chunks (PostgreSQL and Valkey included, and what is done in the
half second after the last answer), in turn with FastAPI and pydantic-ai straight into a stream
(benchmarks/rig/direct.py, two processes). Each word has to arrive once and in order. Provider and
clients share the cores with what is measured; the baseline's clients have an event to read for each
chunk, Threadlog's one for many. Leaves out: TLS, a network, a real model.
"""

import time
from collections.abc import Sequence
from functools import partial

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.contender import Contender
from benchmarks.rig.contest import at_once, contest, in_turn, tell_ratio
from benchmarks.rig.costs import Costs, used_in_the_end, used_now
from benchmarks.rig.figures import Report

ANSWERS = 8
WORDS = 1000


async def measure(report: Report, *, rounds: int) -> None:
    """In turn, so that what disturbs one disturbs both."""
    costs = Costs("CPU seconds per 1,000 chunks", digits=3)

    async def chunks_per_second(contender: Contender) -> float:
        before, began = await used_now(contender), time.perf_counter()
        await at_once(contender, answers=ANSWERS, words=WORDS)
        seconds = time.perf_counter() - began
        after = await used_in_the_end(contender)
        costs.add(contender, before, after, units=ANSWERS * WORDS / 1000)
        return ANSWERS * WORDS / seconds

    async with contest() as contenders:
        rates = await in_turn(contenders, chunks_per_second, rounds=rounds)
    tell_ratio(report, "chunks/s", rates, least=0.8)
    costs.tell(report)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("flood", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(arguments)

    return measured(partial(measure, rounds=given.rounds), given)
