"""An auditor reads a thread of a thousand events and watches an answer being typed again.

Measures, on a Threadlog of its own: reading a thread of 1,000 events from the database and working
out when its replay shows which piece, and of that the planning alone; the same thread as it stood
in the middle; and over real HTTP, at speed 1, how far the pieces of an answer arrive from where the
provider's own times put them, counted from its first piece. Checks that all pieces came, in order,
with the text of the answer. Leaves out: networks, proxies, and other work for the API process.
"""

import json
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import httpx2

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.figures import Report
from benchmarks.rig.system import System, running
from domain.completion_events import Chunk
from infrastructure.audit.fold import standing
from infrastructure.audit.log import LiveLog
from infrastructure.audit.moments import Cut
from infrastructure.audit.replay import Frame, Replay, ReplayPlan, Stretch
from infrastructure.event_log import PostgresEventLog
from interfaces import processes
from tests.interfaces.cli.kept import append_all
from tests.model_server import ModelServer, ask
from tests.model_server.server import environment
from tests.projections.story import Log, Story
from tests.system.stack import eventually

EVENTS = 1000
PIECES = ((4, 20), (5, 15), (3, 12), (6, 30))  # of each chunk: characters, milliseconds
REASON = {"Audit-Reason": "a benchmark"}
MOST_READ_MS = 30.0
MOST_ERROR_MS = 25.0


@dataclass(frozen=True)
class Piece:
    """A frame of a chunk; `at` is when it came, in seconds."""

    at: float
    text: str
    milliseconds: int


async def long_thread(log: PostgresEventLog) -> tuple[UUID, int]:
    """One answer of a thousand events in all; its thread, and a position in the middle of it."""
    story = Story(Log()).start()
    _, completion = story.ask("Tell me everything")
    story.claim(completion)
    chunk = Chunk(1, 1, 0, "text", "x" * sum(size for size, _ in PIECES), PIECES)
    while len(story.log.events) < EVENTS:
        story.stream(completion, chunk)
    positions = await append_all(log, story.log.events, actor="benchmark")
    return story.id, positions[EVENTS // 2]


async def measure_reads(report: Report, system: System, *, times: int) -> None:
    """Reading and planning, and a standing in the middle, in this process."""
    reads, plans, stands, used = list[float](), list[float](), list[float](), list[float]()
    async with PostgresEventLog(system.postgres.url) as log:
        live = LiveLog(log.reader)
        thread_id, middle = await long_thread(log)
        stretch = Stretch(0, None, Cut(await live.last_position()))
        processes.settle()  # as the API has done when it serves
        entries, frames = await live.read_thread(thread_id), list[Frame]()
        for _ in range(times):
            began, before = time.perf_counter(), time.process_time()
            replay = Replay(live, thread_id, stretch=stretch, longest_pause=None)
            frames = await replay.page()
            reads.append(1000 * (time.perf_counter() - began))
            used.append(1000 * (time.process_time() - before))
            began, plan = time.perf_counter(), ReplayPlan(longest_pause=None)
            planned = [frame for entry in entries for frame in plan.frames(entry)]
            plans.append(1000 * (time.perf_counter() - began))
            began = time.perf_counter()
            await standing(live, thread_id, middle)
            stands.append(1000 * (time.perf_counter() - began))
            report.expect(frames == planned, "what is read is not what is planned")
    report.fact("events, frames", [len(entries), len(frames)])
    report.fact("the quickest read and plan, ms", round(min(reads), 1))
    read = report.spread("read and plan a replay of 1,000 events, ms", reads)
    report.spread("of that, CPU of this process, ms", used)
    report.spread("of that, plan, ms", plans)
    report.spread("as it stood in the middle, ms", stands)
    report.goal("read and plan a replay of 1,000 events, ms, p50", read.p50, most=MOST_READ_MS)


async def typed(client: httpx2.AsyncClient, path: str) -> AsyncGenerator[Piece]:
    """The pieces of a replay as they come."""
    rest = ""
    async with client.stream("GET", path, headers=REASON) as answer:
        assert answer.status_code == 200, await answer.aread()
        async for text in answer.aiter_text():
            now = time.perf_counter()
            *blocks, rest = (rest + text).split("\n\n")
            for block in blocks:
                if "event: completion.chunk\n" in block:
                    body: dict[str, Any] = json.loads(block.partition("data: ")[2])["data"]
                    [[_, milliseconds]] = body["deltas"]
                    yield Piece(now, body["text"], milliseconds)


async def ended(system: System, completion: str) -> dict[str, Any]:
    """The answer, once it is whole."""
    row: dict[str, Any] = {}

    async def is_whole() -> bool:
        nonlocal row
        row = await system.client.get(f"/v1/completions/{completion}")
        return row["status"] == "completed"

    await eventually(is_whole, seconds=60)
    return row


async def measure_timing(report: Report, system: System, *, words: int, gap: float) -> None:
    """One answer, and its replay at speed 1 over HTTP."""
    message = {"text": ask(words=words, gap_seconds=gap)}
    started = await system.client.post("/v1/threads", {"message": message})
    row = await ended(system, started["completion_id"])
    issued = await system.client.post("/v1/keys", {"role": "auditor"})
    headers = {"Authorization": f"Bearer {issued['key']}"}
    async with httpx2.AsyncClient(base_url=system.url, headers=headers, timeout=60) as client:
        path = f"/v1/audit/threads/{started['thread_id']}/replay?speed=1"
        pieces = [piece async for piece in typed(client, path)]
    report.expect("".join(one.text for one in pieces) == row["text"], "the text is another")
    planned, errors, lates = 0.0, list[float](), list[float]()
    for piece in pieces[1:]:
        planned += piece.milliseconds
        late = 1000 * (piece.at - pieces[0].at) - planned
        lates.append(late)
        errors.append(abs(late))
    report.fact("pieces, seconds", [len(pieces), round(planned / 1000, 2)])
    report.fact("earliest and latest, ms", [round(min(lates), 2), round(max(lates), 2)])
    error = report.spread("|arrival − planned| at speed 1, ms", errors, digits=2)
    report.goal("|arrival − planned| at speed 1, ms, p99", error.p99, most=MOST_ERROR_MS)


async def measure(report: Report, *, times: int, words: int, gap: float) -> None:
    """Both, one after the other."""
    with ModelServer() as server:
        async with running(environment(server.url)) as system:
            await measure_timing(report, system, words=words, gap=gap)
            await measure_reads(report, system, times=times)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("audit", __doc__)
    parser.add_argument("--times", type=int, default=50, help="that the thread is read")
    parser.add_argument("--words", type=int, default=200, help="of the answer")
    parser.add_argument("--gap", type=float, default=0.03, help="seconds between them")
    given = parser.parse_args(arguments)

    return measured(partial(measure, times=given.times, words=given.words, gap=given.gap), given)
