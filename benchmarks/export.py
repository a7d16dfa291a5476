"""How fast the log leaves as files, in how much memory, and whether all of it comes back.

Measures, on a durable PostgreSQL and a log of conversations as workers write them: `threadlog
export events` as a process of its own, in each format: rows a second from its start to its end
(Python's start, hashing and fsync included) and its greatest memory, beside the one of an export of
a single event by the same command; `threadlog export --check` of the same folder; and reading all
of it again through `ExportedLogRecorder`, compared event by event with the log. Checks that another
export of the same range has the same bytes (not for Parquet, where it is told). Leaves out: tables
(they are views: their rate is PostgreSQL's), writers meanwhile, a disk that is slow.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.conversations import fill
from benchmarks.rig.figures import Report
from benchmarks.rig.log_server import LogServer, log_server
from benchmarks.rig.system import folder
from infrastructure.event_log import LogReader, PostgresEventLog
from infrastructure.event_sourcing.exported import ExportedLogRecorder
from infrastructure.exporting import manifest

FORMATS = ("jsonl", "csv", "parquet")
MORE_MEMORY = {"jsonl": 60, "csv": 60, "parquet": 150}  # MB, at most
CHECK_GOAL = 100_000  # events/s
TURNS = 8
EVENTS_OF_CONVERSATION = 165  # of so many turns
PAGE = 5_000
MOST_SECONDS = 1_500.0
LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Ran:
    """A process that has ended well."""

    seconds: float
    cpu_seconds: float
    megabytes: float  # its greatest memory


def threadlog(environment: Mapping[str, str], *arguments: str) -> Ran:
    """One command; AssertionError when it fails."""
    began, megabytes = time.perf_counter(), 0.0
    command = [sys.executable, "-m", "interfaces.cli", "export", *arguments]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        megabytes = max(megabytes, _greatest_memory(process.pid))
        time.sleep(LOOK_SECONDS)
    _, status, used = ended
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return Ran(time.perf_counter() - began, used.ru_utime + used.ru_stime, megabytes)


def _greatest_memory(pid: int) -> float:
    """MB so far, since it began its program (what wait4 tells, its parent is in)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if "VmHWM" in line), 0)


async def export(report: Report, server: LogServer, kind: str, *, place: Path, events: int) -> None:
    """Once whole, then one more event; check, compare, and the same range again."""
    environment = {
        **os.environ,
        "THREADLOG_DATABASE_URL": server.url,
        "THREADLOG_REDIS_URL": "redis://127.0.0.1:1",
    }
    run = partial(asyncio.to_thread, partial(threadlog, environment))
    target, again = place / kind, place / "again"
    range_of = ("events", "--through", str(events), "--format", kind, "--to")
    whole = await run(*range_of, str(target))
    checked = await run("--check", str(target))
    more = await run(*range_of, str(again))
    same = _hashes(target) == _hashes(again)
    report.expect(same or kind == "parquet", f"{kind}: two exports differ")
    one = await run("events", "--to", str(again))
    size = sum(path.stat().st_size for path in (target / "events").iterdir())
    began = time.perf_counter()
    back = await compared(server, target, report, kind)
    report.expect(back == events, f"{kind}: {back} events came back of {events}")
    report.fact(
        kind,
        {
            "rows/s": round(events / min(whole.seconds, more.seconds)),
            "CPU µs/row": round(min(whole.cpu_seconds, more.cpu_seconds) / events * 1e6, 1),
            "MB on the disk": round(size / 1e6),
            "peak MB": round(whole.megabytes),
            "peak MB for one event": round(one.megabytes),
            "checked events/s": round(events / checked.seconds),
            "check: CPU µs/event": round(checked.cpu_seconds / events * 1e6, 1),
            "read and compared events/s": round(back / (time.perf_counter() - began)),
            "came back equal": back,
            "two exports equal": same,
        },
    )
    grown = whole.megabytes - one.megabytes
    report.goal(f"{kind}: MB more than for one event", grown, most=MORE_MEMORY[kind])
    report.goal(f"{kind}: checked events/s", events / checked.seconds, least=CHECK_GOAL)


def _hashes(target: Path) -> list[str]:
    found = manifest.read(target)
    assert found is not None
    return [part.sha256 for part in found.datasets["events"].files]


async def compared(server: LogServer, target: Path, report: Report, kind: str) -> int:
    """How many events came back; those that differ are wrong."""
    recorder = ExportedLogRecorder(target)
    position = back = 0
    async with LogReader(server.url, connections=1, timeout_seconds=30) as reader:
        while page := recorder.select_notifications(position, PAGE, inclusive_of_start=False):
            live = (await reader.read_after(position, limit=len(page))).entries
            report.expect(list(page) == live, f"{kind}: events after {position} differ")
            position, back = page[-1].id, back + len(page)
    return back


async def measure(report: Report, *, events: int) -> None:
    """Fill a log; then one format after the other."""
    async with log_server() as server, folder() as place:
        async with PostgresEventLog(server.url) as log:
            conversations = -(-events // EVENTS_OF_CONVERSATION)
            await fill(log, conversations=conversations, turns=TURNS)
            last = await log.reader.last_position()
        report.fact("events", last)
        for kind in FORMATS:
            await export(report, server, kind, place=place, events=last)
            await asyncio.to_thread(_forget, place / "again")


def _forget(path: Path) -> None:
    for file in sorted(path.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    path.rmdir()


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("export", __doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="in the log")
    given = parser.parse_args(arguments)
    return measured(partial(measure, events=given.events), given, most_seconds=MOST_SECONDS)
