"""Threadlog and the baseline, both running, warm, with the same model provider.

While one is measured the other idles: Threadlog's beats and sweeps then take about 2 % of a core.
"""

import asyncio
import statistics
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from benchmarks.rig.contender import Baseline, Contender, Threadlog
from benchmarks.rig.direct import direct
from benchmarks.rig.figures import Report
from benchmarks.rig.listener import Listener
from benchmarks.rig.provider import provider
from benchmarks.rig.system import System, running
from domain.ids import uuid7

USERS = 50
SLOTS = "100"  # answers at once in each of the two workers, so that slots are not what is measured
SERVERS = 2  # of the baseline: as many as there are workers

Contenders = tuple[Baseline, Threadlog]


@asynccontextmanager
async def contest(variables: Mapping[str, str] = {}) -> AsyncGenerator[Contenders]:
    """Both, ready; `variables` are for Threadlog. Everything is removed at the end."""
    with provider() as environment, direct(environment, processes=SERVERS) as servers:
        async with running({"THREADLOG_SLOTS": SLOTS, **environment, **variables}) as system:
            keys = await issue_keys(system, USERS)
            both = Baseline(servers), Threadlog(system, keys)
            for contender in both:
                for _ in range(2):
                    await at_once(contender, answers=8, words=20)
            yield both


async def at_once(
    contender: Contender, *, answers: int, words: int, gap_seconds: float = 0
) -> list[Listener]:
    """So many answers, asked for together; returns when all have ended whole."""
    listeners = [Listener(contender, words=words, gap_seconds=gap_seconds) for _ in range(answers)]
    async with asyncio.TaskGroup() as group:
        for listener in listeners:
            group.create_task(listener.listen())
    return listeners


async def in_turn(
    contenders: Contenders, measure: Callable[[Contender], Awaitable[float]], *, rounds: int
) -> dict[str, list[float]]:
    """A figure of each contender in each round; each begins every other round."""
    found: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders if number % 2 == 0 else contenders[::-1]:
            found[contender.name].append(await measure(contender))
    return found


def tell_ratio(
    report: Report,
    label: str,
    found: Mapping[str, list[float]],
    *,
    digits: int = 1,
    most: float | None = None,
    least: float | None = None,
) -> None:
    """How a figure of both is spread, and the ratio of the medians, threadlog / baseline."""
    for name, values in found.items():
        report.spread(f"{name}: {label}", values, digits=digits)
    ratio = statistics.median(found["threadlog"]) / statistics.median(found["baseline"])
    both = f"{label}, threadlog / baseline"
    if most is None and least is None:
        report.fact(both, round(ratio, 3))
    else:
        report.goal(both, ratio, most=most, least=least)


async def issue_keys(system: System, count: int) -> list[str]:
    """One new user each."""
    keys = list[str]()
    for _ in range(count):
        me = await system.client.post("/v1/keys", {"user_id": str(uuid7()), "role": "user"})
        keys.append(me["key"])
    return keys
