"""Appends per second: completions that write chunk after chunk through one writer, closed loop."""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from application.ports import AnyRecorded, StreamAppend, StreamConflict
from domain.completion_events import Chunk
from domain.ids import uuid7
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import LogEntry, PostgresEventLog
from infrastructure.migrations import migrate

EVENTS_PER_BATCH = (1, 10, 100, 1000)
TEXT = "Hello wonderful world, "
DELTAS = ((5, 11), (10, 9), (8, 14))


@dataclass(frozen=True)
class Result:
    """One line of the table. Client CPU is that of the whole process: encode, batch, answer."""

    events_per_batch: float
    events_per_second: int
    commit_ms_p50: float
    commit_ms_p99: float
    client_cpu_microseconds_per_event: float


class Completion:
    """Has its next chunk as soon as the last one is durable."""

    def __init__(self, log: PostgresEventLog) -> None:
        self.waits_ms: list[float] = []
        self._log = log
        self._stream_id: UUID = uuid7()
        self._thread_id: UUID = uuid7()
        self._owner_id: UUID = uuid7()
        self._version = 0
        self._since = time.perf_counter()

    def take(self) -> StreamAppend:
        self._since = time.perf_counter()
        chunk = Chunk(1, 1, 0, "text", TEXT, DELTAS)
        return StreamAppend(
            self._stream_id, self._version, (chunk,), self._thread_id, self._owner_id
        )

    def committed(self, recorded: Sequence[AnyRecorded]) -> None:
        self.waits_ms.append((time.perf_counter() - self._since) * 1e3)
        self._version = recorded[-1].version
        self._log.wake()

    def refused(self, conflict: StreamConflict) -> None:
        raise conflict


async def measure(url: str, *, completions: int, seconds: float) -> Result:
    """All completions write for this long, each into a stream and a thread of its own."""
    batches: list[int] = []

    def count(entries: Sequence[LogEntry]) -> None:
        batches.append(len(entries))

    async with PostgresEventLog(url, on_commit=count) as log:
        running = [Completion(log) for _ in range(completions)]
        for completion in running:
            log.attach(completion, actor=f"worker:{uuid7()}")
        started, cpu = time.perf_counter(), time.process_time()
        log.wake()
        await asyncio.sleep(seconds)
        elapsed, cpu = time.perf_counter() - started, time.process_time() - cpu
        for completion in running:
            log.detach(completion)
    waits = sorted(wait for completion in running for wait in completion.waits_ms)
    return Result(
        events_per_batch=round(statistics.mean(batches), 1),
        events_per_second=round(sum(batches) / elapsed),
        commit_ms_p50=round(waits[len(waits) // 2], 1),
        commit_ms_p99=round(waits[int(len(waits) * 0.99)], 1),
        client_cpu_microseconds_per_event=round(cpu / sum(batches) * 1e6, 1),
    )


async def run(server: EmbeddedPostgres, seconds: float) -> list[Result]:
    """All sizes, one after the other, on one growing log."""
    await migrate(server.owner_url, server.url)
    return [
        await measure(server.url, completions=events, seconds=seconds)
        for events in EVENTS_PER_BATCH
    ]


def main(arguments: Sequence[str]) -> None:
    """Print a table, and the same as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks append", description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each size (default 3)")
    seconds: float = parser.parse_args(arguments).seconds
    with tempfile.TemporaryDirectory(prefix="threadlog-bench-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)  # as root, the server's own account must pass
        server = EmbeddedPostgres(Path(folder) / "data")  # fsync and all is on
        server.start()
        try:
            results = asyncio.run(run(server, seconds))
        finally:
            server.stop(wait_seconds=20)
    print(f"{'batch':>8} {'events/s':>9} {'p50 ms':>7} {'p99 ms':>7} {'client µs/event':>16}")
    for result in results:
        print(
            f"{result.events_per_batch:8.1f} {result.events_per_second:9d}"
            f" {result.commit_ms_p50:7.1f} {result.commit_ms_p99:7.1f}"
            f" {result.client_cpu_microseconds_per_event:16.1f}"
        )
    print(json.dumps([asdict(result) for result in results]))
