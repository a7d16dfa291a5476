"""From the POST to the first text at a client, beside pydantic-ai straight into an event stream.

Measures three ways in turn, on an idle system, with the same provider, agent and client: `direct`
(benchmarks/rig/direct.py: one process, nothing is kept), `new thread` (POST /v1/threads, then GET
its events), `open stream` (the client already follows the thread, then POST …/messages). The time
is from before the first byte of the POST until the last byte of the first chunk of text; each
request has a connection of its own, in all three. Then where the time goes: `at` and `recorded_at`
of the events in the log, the provider's own stamp in the text, and the client's clock, all of one
machine. Checks that each text is whole. Leaves out: TLS, a network, a model's own thinking time
(the provider answers at once), busy systems (see `concurrent`).
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from uuid import UUID

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.direct import Direct, direct, text_of
from benchmarks.rig.figures import Report
from benchmarks.rig.proof import check_answer, chunk_texts
from benchmarks.rig.provider import is_whole, provider, words_in
from benchmarks.rig.system import System, running
from benchmarks.rig.wire import Received, request
from domain.times import microseconds_of
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader
from tests.model_server import ask
from tests.system.client import ENDINGS
from tests.system.stack import KEY

WORDS = 3
QUESTION = ask(words=WORDS, gap_seconds=0.02)
PAUSE_SECONDS = 0.03  # between two samples, for what goes on after an answer
STEPS = (
    "POST until its append is made: HTTP, key, thread",
    "until PostgreSQL works on it",
    "until the claim is made: commit, wake-up, reads",
    "until PostgreSQL works on it (claim)",
    "until the request is told: commit, history, agent",
    "until PostgreSQL works on it (model_requested)",
    "until the provider sends: commit, HTTP request",
    "until the chunk's append is made: SDK, journal",
    "until PostgreSQL works on it (chunk)",
    "until the client has it: commit, publish, hub, HTTP",
)


@dataclass(frozen=True)
class Sample:
    """One first token; nanoseconds since 1970."""

    posted_at: int
    first: Received
    sent_at: int
    thread: UUID

    @property
    def milliseconds(self) -> float:
        """What the client waited."""
        return (self.first.at - self.posted_at) / 1e6


async def by_direct(other: Direct) -> float:
    """Milliseconds."""
    posted_at = time.time_ns()
    pieces = await other.ask(QUESTION)
    assert is_whole(words_in("".join(map(text_of, pieces))), WORDS)
    return (pieces[0].at - posted_at) / 1e6


async def by_new_thread(system: System) -> Sample:
    """The stream is opened once the thread is there."""
    threads = f"{system.url}/v1/threads"
    posted_at = time.time_ns()
    async with request(threads, key=KEY, body={"message": {"text": QUESTION}}) as answer:
        started = await answer.json()
    async with request(f"{threads}/{started['thread_id']}/events", key=KEY) as answer:
        return await _sample(answer.events(), posted_at, started)


async def by_open_stream(system: System) -> Sample:
    """The stream is there before the message."""
    thread = (await system.client.post("/v1/threads", {}))["thread_id"]
    path = f"{system.url}/v1/threads/{thread}/events"
    async with request(path, key=KEY) as stream:
        events = stream.events()
        assert (await anext(events)).name == "thread.started"
        await asyncio.sleep(PAUSE_SECONDS)  # until it is live
        posted_at = time.time_ns()
        messages = f"{system.url}/v1/threads/{thread}/messages"
        async with request(messages, key=KEY, body={"text": QUESTION}) as answer:
            asked = await answer.json()
        return await _sample(events, posted_at, {**asked, "thread_id": thread})


async def _sample(
    events: AsyncGenerator[Received], posted_at: int, started: dict[str, str]
) -> Sample:
    received = list[Received]()
    async for event in events:
        received.append(event)
        if event.name in ENDINGS:
            break
    check_answer([one.seen for one in received], started["completion_id"], words=WORDS)
    first, text = chunk_texts(received)[0]
    return Sample(posted_at, first, words_in(text)[0].sent_at, UUID(started["thread_id"]))


async def steps_of(reader: LogReader, sample: Sample) -> list[float]:
    """Milliseconds of each of STEPS, from the log."""
    moments = [sample.posted_at / 1e3]
    entries = {
        entry.name: entry for entry in reversed(await reader.read_thread(sample.thread))
    }  # the first of each name
    for name in ("completion.requested", "completion.started", "completion.model_requested"):
        moments += _moments(entries[name])
    moments.append(sample.sent_at / 1e3)
    moments += [*_moments(entries["completion.chunk"]), sample.first.at / 1e3]
    return [(after - before) / 1e3 for before, after in pairwise(moments)]


def _moments(entry: LogEntry) -> list[float]:
    """When an event was decided and when it was recorded, in microseconds since 1970."""
    recorded_at = microseconds_of(entry.recorded_at)
    return [Codec().decode(entry).at, recorded_at]


async def measure(report: Report, *, samples: int) -> None:
    """In turn, so that what disturbs one disturbs all."""
    alone, new, opened = list[float](), list[Sample](), list[Sample]()
    with provider() as environment, direct(environment) as other:
        async with running(environment) as system:
            for _ in range(5):
                await asyncio.gather(by_direct(other), by_new_thread(system))
                await by_open_stream(system)
            for _ in range(samples):
                alone.append(await by_direct(other))
                await asyncio.sleep(PAUSE_SECONDS)
                new.append(await by_new_thread(system))
                await asyncio.sleep(PAUSE_SECONDS)
                opened.append(await by_open_stream(system))
                await asyncio.sleep(PAUSE_SECONDS)
            async with LogReader(system.postgres.url) as reader:
                steps = [await steps_of(reader, sample) for sample in opened]
    base = report.spread("direct, ms", alone)
    report.spread("new thread, ms", [one.milliseconds for one in new])
    ours = report.spread("open stream, ms", [one.milliseconds for one in opened])
    report.goal("added to the median by Threadlog, open stream, ms", ours.p50 - base.p50, most=8)
    report.goal("added to the 95th percentile, ms", ours.p95 - base.p95, most=25)
    for label, values in zip(STEPS, zip(*steps, strict=True), strict=True):
        report.spread(f"  {label}", values)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("first_token", __doc__)
    parser.add_argument("--samples", type=int, default=100, help="of each way")
    given = parser.parse_args(arguments)

    return measured(partial(measure, samples=given.samples), given)
