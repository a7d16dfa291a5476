"""What `threadlog up` costs: memory of each process and of what it holds, CPU time, start time.

Measures: from starting the command until /readyz says yes, until a first answer is complete and
until both workers are ready, on an empty folder (PostgreSQL's data are made), and until /readyz on
the same folder again; then, idle, PSS (memory shared by n processes counts 1/n for
each, so that it adds up; RSS where PSS cannot be read) of every process, the embedded servers and
those that watch over them included; then the same after 20 answers of the built-in model at once;
and the CPU time that all of them use in 10 s of idleness. Then how much own memory (USS) the API
gains for each of 500 idle event streams of one user, each of a thread of its own, and the workers
for each of 50 answers of two words a second, after 20 streams and 10 answers have come and gone,
so that what is made once is not counted. Leaves out: growth over days, load.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path

import psutil

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.processor import own_kilobytes, since, used_by_role
from benchmarks.rig.provider import provider
from benchmarks.rig.system import System, folder, up
from benchmarks.rig.wire import request
from tests.model_server import ask
from tests.system.client import Client
from tests.system.stack import KEY

STREAMS = 500
ANSWERS = 50
SETTLE_SECONDS = 3.0
IDLE_SECONDS = 10.0
MEGABYTE = 1_000_000


async def answer(client: Client) -> None:
    """One answer of the built-in model."""
    started = await client.start("Hello")
    seen = await client.until_end(started["completion_id"], started["thread_id"])
    assert seen[-1].name == "completion.finished"


def memory_of(processes: Sequence[psutil.Process]) -> int:
    """Bytes."""
    return sum(_bytes(process) for process in processes)


def _bytes(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    except psutil.AccessDenied:
        return process.memory_info().rss


def table(system: System) -> dict[str, float]:
    """Megabytes of each process, by role; several of one role, each for itself."""
    sizes = dict[str, float]()
    for role, processes in system.processes().items():
        if role in ("postgres", "valkey"):
            label = f"{role} ({len(processes)} processes)" if len(processes) > 1 else role
            sizes[label] = round(memory_of(processes) / MEGABYTE, 1)
            continue
        for number, process in enumerate(processes, start=1):
            label = f"{role} {number}" if len(processes) > 1 else role
            sizes[label] = round(memory_of([process]) / MEGABYTE, 1)
    return {**sizes, "all": round(sum(sizes.values()), 1)}


@asynccontextmanager
async def streams(system: System, count: int) -> AsyncGenerator[None]:
    """So many event streams, each of an empty thread of its own and at its end."""
    async with AsyncExitStack() as held:
        for _ in range(count):
            started = await system.client.post("/v1/threads")
            url = f"{system.url}/v1/threads/{started['thread_id']}/events?after=latest"
            live = await held.enter_async_context(request(url, key=KEY))
            assert live.status == 200
        yield


@asynccontextmanager
async def answers(system: System, count: int) -> AsyncGenerator[None]:
    """So many answers that have begun and go on slowly; cancelled at the end."""
    question = ask(words=None, gap_seconds=0.5)
    started = [await system.client.start(question) for _ in range(count)]
    for one in started:
        async with aclosing(system.client.events(one["thread_id"])) as events:
            async for event in events:
                if event.name == "completion.chunk":
                    break
    yield
    for one in started:
        await system.client.post(f"/v1/completions/{one['completion_id']}/cancel")
    for one in started:
        await system.client.until_end(one["completion_id"], one["thread_id"])


async def measure(report: Report) -> None:
    """Twice up: an empty folder and the built-in model, then the same folder and slow answers."""
    async with folder() as place:
        await idle(report, place)
        with provider() as environment:
            await held(report, place, environment)


async def idle(report: Report, place: Path) -> None:
    """The processes, from their first second."""
    began = time.monotonic()
    async with up(place, {"THREADLOG_MODEL": "demo"}) as system:
        report.fact("seconds from up to ready, empty folder", _since(began))
        await answer(system.client)
        report.fact("seconds from up to the end of a first answer", _since(began))
        await system.workers_ready()
        report.fact("seconds from up to two ready workers", _since(began))
        await asyncio.sleep(SETTLE_SECONDS)
        report.fact("MB, idle after one answer", table(system))
        await asyncio.gather(*(answer(system.client) for _ in range(20)))
        await asyncio.sleep(SETTLE_SECONDS)
        report.fact("MB, after 20 answers", table(system))
        before = used_by_role(system.processes())
        await asyncio.sleep(IDLE_SECONDS)
        seconds = since(before, used_by_role(system.processes()))
        used = {role: round(one / IDLE_SECONDS * 100, 1) for role, one in seconds.items()}
        report.fact("% of a core, idle", {**used, "all": round(sum(used.values()), 1)})


async def held(report: Report, place: Path, environment: Mapping[str, str]) -> None:
    """What each stream and each answer adds."""
    began = time.monotonic()
    async with up(place, environment) as system:
        report.fact("seconds from up to ready, same folder", _since(began))
        await system.workers_ready()
        api, workers = system.stack.processes("api"), system.stack.processes("worker")
        async with streams(system, 20):
            pass
        async with answers(system, 10):
            pass
        await asyncio.sleep(SETTLE_SECONDS)
        before = own_kilobytes(api)
        async with streams(system, STREAMS):
            await asyncio.sleep(SETTLE_SECONDS)
            each = (own_kilobytes(api) - before) / STREAMS
            report.fact(f"kB of the API for each of {STREAMS} idle streams", round(each, 1))
        before = own_kilobytes(workers)
        async with answers(system, ANSWERS):
            await asyncio.sleep(SETTLE_SECONDS)
            each = (own_kilobytes(workers) - before) / ANSWERS
            report.fact(f"kB of the workers for each of {ANSWERS} running answers", round(each, 1))


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    return measured(measure, options("memory", __doc__).parse_args(arguments))
