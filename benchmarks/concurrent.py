"""A hundred people ask at the same moment, and each follows an answer live: the burst.

Measures, with `threadlog up` as a newcomer starts it (API, two workers, projector, PostgreSQL with
fsync, Valkey): how long the POSTs take that all come at once, when the first chunk is at each
client, how late each word is there (from leaving the model provider until the last byte of its
chunk; the log gathers words for 50 ms in the first second of an answer and for 100 ms after it,
which is part of the lateness), when the ending is, how long everything takes, what CPU time the
processes use, and how the answers are shared among the workers. Each client is a user of its own.
Checks that every client gets exactly the public events of its thread's log, in order, once, that
the text is the terminal event's, and that each answer was begun once. The comparison with the
baseline is in `sustained`, where answers come a few at a time. Leaves out: TLS, a network, a real
model. Provider, clients and all processes share the cores.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import psutil

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.contest import issue_keys
from benchmarks.rig.figures import Report
from benchmarks.rig.processor import since, used_by_role
from benchmarks.rig.proof import check_answer, check_log, chunk_texts
from benchmarks.rig.provider import Word, provider, words_in
from benchmarks.rig.system import System, running
from benchmarks.rig.wire import Received, request
from tests.model_server import ask
from tests.system.client import ENDINGS, connected


@dataclass(frozen=True)
class Conversation:
    """One client's. Times in nanoseconds since 1970."""

    key: str
    thread: str
    completion: str
    posted_at: int
    accepted_at: int
    events: list[Received]


async def converse(system: System, key: str, *, words: int, gap_seconds: float) -> Conversation:
    """Ask in a new thread, then follow it until the server says that nothing more comes."""
    threads = f"{system.url}/v1/threads"
    message = {"message": {"text": ask(words=words, gap_seconds=gap_seconds)}}
    posted_at = time.time_ns()
    async with request(threads, key=key, body=message) as answer:
        started = await answer.json()
    accepted_at = time.time_ns()
    stream = f"{threads}/{started['thread_id']}/events?until=idle"
    async with request(stream, key=key) as answer:
        events = [event async for event in answer.events()]
    return Conversation(
        key, started["thread_id"], started["completion_id"], posted_at, accepted_at, events
    )


async def check(system: System, one: Conversation, *, words: int) -> list[Word]:
    """The client saw the whole log of its thread, and the words that the model sent."""
    seen = [event.seen for event in one.events]
    async with connected(system.url, key=one.key) as client:
        await check_log(client, one.thread, seen, whole=True)
    return check_answer(seen, one.completion, words=words)


async def measure(report: Report, *, clients: int, words: int, gap_seconds: float) -> None:
    """Warm up, then all at once."""
    with provider() as environment:
        async with running(environment) as system:
            keys = await issue_keys(system, clients)
            warm_up = (converse(system, key, words=3, gap_seconds=0) for key in keys[:8])
            await asyncio.gather(*warm_up)
            before, began = used_by_role(_all(system)), time.perf_counter()
            conversations = await asyncio.gather(
                *(converse(system, key, words=words, gap_seconds=gap_seconds) for key in keys)
            )
            seconds = round(time.perf_counter() - began, 2)
            used = since(before, used_by_role(_all(system)))
            answers = [await check(system, one, words=words) for one in conversations]
    report.fact("seconds from the first POST to the last end", seconds)
    _tell_times(report, conversations, answers)
    report.fact("CPU seconds", {role: round(one, 2) for role, one in used.items()})
    _tell_attempts(report, conversations)


def _all(system: System) -> dict[str, list[psutil.Process]]:
    return {**system.processes(), "these clients": [psutil.Process()]}


def _tell_times(
    report: Report, conversations: Sequence[Conversation], answers: Sequence[Sequence[Word]]
) -> None:
    accepted_ms, first_ms, late_first, late, end_ms = (list[float]() for _ in range(5))
    chunks = 0
    for one, answer in zip(conversations, answers, strict=True):
        arrivals = chunk_texts(one.events)
        chunks += len(arrivals)
        accepted_ms.append((one.accepted_at - one.posted_at) / 1e6)
        first_ms.append((arrivals[0][0].at - one.posted_at) / 1e6)
        late_first.append((arrivals[0][0].at - answer[0].sent_at) / 1e6)
        late += [(event.at - w.sent_at) / 1e6 for event, text in arrivals for w in words_in(text)]
        ended_at = next(event.at for event in one.events if event.name in ENDINGS)
        end_ms.append((ended_at - answer[-1].sent_at) / 1e6)
    report.spread("POST to its answer, ms", accepted_ms)
    report.spread("POST to the first chunk at the client, ms", first_ms)
    report.spread("lateness of the first word, ms", late_first)
    report.spread("lateness of every word, ms", late)
    report.spread("last word sent to the terminal event, ms", end_ms)
    report.fact("clients, words, chunk events", [len(conversations), len(late), chunks])


def _tell_attempts(report: Report, conversations: Sequence[Conversation]) -> None:
    workers = _data(conversations, "completion.started", "worker_id")
    report.fact("attempts by worker", sorted(workers.values()))
    interrupted = _data(conversations, "completion.interrupted", "reason")
    report.fact("answers begun again", dict(interrupted) or 0)
    report.expect(not interrupted, "answers were begun again though no worker left")


def _data(conversations: Sequence[Conversation], name: str, field: str) -> Counter[str]:
    """What a field of the events of this name said, and how often."""
    events = (event for one in conversations for event in one.events if event.name == name)
    return Counter(event.seen.data[field] for event in events)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("concurrent", __doc__)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--words", type=int, default=100, help="of each answer")
    parser.add_argument("--gap-seconds", type=float, default=0.05, help="between two words")
    given = parser.parse_args(arguments)

    return measured(
        partial(measure, clients=given.clients, words=given.words, gap_seconds=given.gap_seconds),
        given,
    )
