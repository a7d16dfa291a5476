"""Short answers per second: twenty words without a pause, asked for again and again, at once.

Measures how many answers sixteen clients get in each round of some seconds, each client asking
anew in a new thread when its answer has ended, in turn with the baseline (FastAPI and pydantic-ai
straight into a stream: benchmarks/rig/direct.py, two processes). Here each answer pays for its
thread, its claim, its recorded request, its message and its end. Leaves out: TLS, a network, a real
model. Provider and clients share the cores with what is measured.
"""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.contender import Contender
from benchmarks.rig.contest import contest, in_turn, tell_rates
from benchmarks.rig.figures import Report
from benchmarks.rig.listener import Listener

CLIENTS = 16
WORDS = 20


async def measure(report: Report, *, rounds: int, seconds: float) -> None:
    """In turn, so that what disturbs one disturbs both."""
    cpu: dict[str, list[float]] = {}

    async def answers_per_second(contender: Contender) -> float:
        used, began = sum(contender.cpu_seconds().values()), time.perf_counter()

        async def client() -> int:
            answers = 0
            while time.perf_counter() - began < seconds:
                await Listener(contender, words=WORDS, gap_seconds=0).listen()
                answers += 1
            return answers

        answers = sum(await asyncio.gather(*(client() for _ in range(CLIENTS))))
        used = sum(contender.cpu_seconds().values()) - used
        cpu.setdefault(contender.name, []).append(used / answers * 1e3)
        return answers / (time.perf_counter() - began)

    async with contest() as contenders:
        rates = await in_turn(contenders, answers_per_second, rounds=rounds)
    tell_rates(report, "answers/s", rates, least=0.35)
    for name, values in cpu.items():
        report.spread(f"{name}: CPU ms per answer", values)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("short", __doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round")
    given = parser.parse_args(arguments)

    async def work(report: Report) -> None:
        await measure(report, rounds=given.rounds, seconds=given.seconds)

    return measured(work, given)
