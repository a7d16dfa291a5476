"""Eight answers of a thousand chunks each that a model sends without a pause, beside the baseline.

Measures chunks per second, from the first request until the last answer has ended, and the CPU
seconds of all processes per 1,000 chunks (PostgreSQL and Valkey included), in turn with FastAPI
and pydantic-ai straight into a stream (benchmarks/rig/direct.py, two processes). Each word has to
arrive once and in order. Leaves out: TLS, a network, a real model. Provider and clients share the
cores with what is measured.
"""

import time
from collections.abc import Sequence

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.contender import Contender
from benchmarks.rig.contest import at_once, contest, in_turn, tell_rates
from benchmarks.rig.figures import Report

ANSWERS = 8
WORDS = 1000


async def measure(report: Report, *, rounds: int) -> None:
    """In turn, so that what disturbs one disturbs both."""
    cpu: dict[str, list[float]] = {}

    async def chunks_per_second(contender: Contender) -> float:
        used, began = sum(contender.cpu_seconds().values()), time.perf_counter()
        await at_once(contender, answers=ANSWERS, words=WORDS)
        seconds = time.perf_counter() - began
        used = sum(contender.cpu_seconds().values()) - used
        cpu.setdefault(contender.name, []).append(used / (ANSWERS * WORDS) * 1000)
        return ANSWERS * WORDS / seconds

    async with contest() as contenders:
        rates = await in_turn(contenders, chunks_per_second, rounds=rounds)
    tell_rates(report, "chunks/s", rates, least=0.8)
    for name, values in cpu.items():
        report.spread(f"{name}: CPU seconds per 1,000 chunks", values, digits=3)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("flood", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(arguments)

    async def work(report: Report) -> None:
        await measure(report, rounds=given.rounds)

    return measured(work, given)
