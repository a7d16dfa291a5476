"""What an idle `threadlog up` costs: memory of each process, CPU time, and seconds until ready.

Measures: from starting the command until /readyz says yes, until a first answer is complete and
until both workers are ready, on an empty folder (PostgreSQL's data are made), and until /readyz on
the same folder again; then, idle, PSS (memory shared by n processes counts 1/n for
each, so that it adds up; RSS where PSS cannot be read) of every process, the embedded servers and
those that watch over them included; then the same after 20 answers of the built-in model at once;
and the CPU time that all of them use in 10 s of idleness. Leaves out: growth over days, load.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence

import psutil

from benchmarks.rig.bounded import measured
from benchmarks.rig.figures import Report
from benchmarks.rig.system import System, folder, up
from tests.system.client import Client

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


def cpu_of(processes: Sequence[psutil.Process]) -> float:
    """Seconds used so far."""
    return sum(sum(process.cpu_times()[:2]) for process in processes)


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


async def measure(report: Report) -> None:
    """Twice up."""
    demo = {"THREADLOG_MODEL": "demo"}
    async with folder() as place:
        began = time.monotonic()
        async with up(place, demo) as system:
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
            processes = system.processes()
            before = {role: cpu_of(found) for role, found in processes.items()}
            await asyncio.sleep(IDLE_SECONDS)
            used = {
                role: round((cpu_of(found) - before[role]) / IDLE_SECONDS * 100, 1)
                for role, found in processes.items()
            }
            report.fact("% of a core, idle", {**used, "all": round(sum(used.values()), 1)})
        began = time.monotonic()
        async with up(place, demo):
            report.fact("seconds from up to ready, same folder", _since(began))


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    argparse.ArgumentParser(prog="python -m benchmarks memory", description=__doc__).parse_args(
        arguments
    )
    return measured(measure, title=__doc__)
