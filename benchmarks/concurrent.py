"""A hundred answers at once, each followed live by a client of its own, through the whole stack.

Measures, with `threadlog up` as a newcomer starts it (API, two workers, projector, PostgreSQL with
fsync, Valkey): when the first chunk is at each client, how late each word is there (from leaving
the model provider until the last byte of its chunk; the log gathers words for 50 ms in the first
second of an answer and for 100 ms after it, which is part of the lateness), how long everything
takes, what CPU time the processes use, and, to compare, the same answers by pydantic-ai alone
(benchmarks/rig/direct.py). Each client is a user of its own. Checks that every client gets exactly
the public events of its thread's log, in order, once, that the text is the terminal event's, and
that each answer was begun once.
Leaves out: TLS, a network, a real model. Provider, clients and all processes share the cores.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.contest import issue_keys
from benchmarks.rig.direct import Direct, direct, text_of
from benchmarks.rig.figures import Report
from benchmarks.rig.processor import since, used_by, used_by_role
from benchmarks.rig.proof import check_answer, check_log, chunk_texts
from benchmarks.rig.provider import Word, provider, words_in
from benchmarks.rig.system import System, running
from benchmarks.rig.wire import Received, request
from tests.model_server import ask
from tests.servers import connected as connected_to
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


async def log_bytes(system: System) -> int:
    """What the log holds on the disk, its indexes included."""
    async with connected_to(system.postgres.owner_url) as connection:
        size: int = await connection.fetchval(
            "SELECT pg_total_relation_size('threadlog.chat_events')"
        )
        return size


async def measure(report: Report, *, clients: int, words: int, gap_seconds: float) -> None:
    """Warm up, then all at once; then the same without us."""
    with provider() as environment:
        async with running(environment) as system:
            keys = await issue_keys(system, clients)
            warm_up = (converse(system, key, words=3, gap_seconds=0) for key in keys[:8])
            await asyncio.gather(*warm_up)
            before, mine, size = (
                used_by_role(system.processes()),
                used_by([psutil.Process()]),
                await log_bytes(system),
            )
            began = time.perf_counter()
            conversations = await asyncio.gather(
                *(converse(system, key, words=words, gap_seconds=gap_seconds) for key in keys)
            )
            report.fact("seconds from the first POST to the last end", _since(began))
            after, ours, size = (
                used_by_role(system.processes()),
                used_by([psutil.Process()]),
                await log_bytes(system) - size,
            )
            answers = [await check(system, one, words=words) for one in conversations]
        _tell(report, conversations, answers)
        cpu = since(before, after)
        report.fact("CPU seconds", {**cpu, "these clients": round(ours - mine, 2)})
        report.fact("bytes of log per word, indexes included", size // (clients * words))
        with direct(environment) as other:
            await compare(
                report, other, question=ask(words=words, gap_seconds=gap_seconds), clients=clients
            )


async def compare(report: Report, other: Direct, *, question: str, clients: int) -> None:
    """The same answers by pydantic-ai alone, in one process, kept nowhere."""
    await asyncio.gather(*(other.ask(ask(words=3)) for _ in range(8)))
    before, began = used_by(other.processes), time.perf_counter()
    answers = await asyncio.gather(*(other.ask(question) for _ in range(clients)))
    report.fact("pydantic-ai alone: seconds", _since(began))
    report.fact("pydantic-ai alone: CPU seconds", round(used_by(other.processes) - before, 2))
    late = [
        (piece.at - word.sent_at) / 1e6
        for pieces in answers
        for piece in pieces
        for word in words_in(text_of(piece))
    ]
    report.spread("pydantic-ai alone: lateness of every word, ms", late)


def _tell(
    report: Report, conversations: Sequence[Conversation], answers: Sequence[Sequence[Word]]
) -> None:
    first_ms, first_percent, late_first, late = (list[float]() for _ in range(4))
    end_ms, accepted_ms, model_seconds = (list[float]() for _ in range(3))
    chunks = 0
    for one, answer in zip(conversations, answers, strict=True):
        model_ns = answer[-1].sent_at - answer[0].sent_at
        arrivals = chunk_texts(one.events)
        chunks += len(arrivals)
        first_ms.append((arrivals[0][0].at - one.posted_at) / 1e6)
        first_percent.append(100 * (arrivals[0][0].at - one.posted_at) / model_ns)
        late_first.append((arrivals[0][0].at - answer[0].sent_at) / 1e6)
        late += [(event.at - w.sent_at) / 1e6 for event, text in arrivals for w in words_in(text)]
        ended_at = next(event.at for event in one.events if event.name in ENDINGS)
        end_ms.append((ended_at - answer[-1].sent_at) / 1e6)
        accepted_ms.append((one.accepted_at - one.posted_at) / 1e6)
        model_seconds.append(model_ns / 1e9)
    report.spread("the model's own duration, s", model_seconds, digits=2)
    report.spread("POST to its answer, ms", accepted_ms)
    report.spread("POST to the first chunk at the client, ms", first_ms)
    report.spread("the same, % of the model's duration", first_percent)
    report.spread("lateness of the first word, ms", late_first)
    report.spread("lateness of every word, ms", late)
    report.spread("last word sent to the terminal event, ms", end_ms)
    report.fact("wrong, lost or doubled events", 0)
    report.fact("clients, words, chunk events", [len(conversations), len(late), chunks])
    workers = _data(conversations, "completion.started", "worker_id")
    report.fact("attempts by worker", sorted(workers.values()))
    interrupted = _data(conversations, "completion.interrupted", "reason")
    report.fact("answers begun again", dict(interrupted) or 0)
    report.expect(not interrupted, "answers were begun again though no worker left")


def _data(conversations: Sequence[Conversation], name: str, field: str) -> Counter[str]:
    """What a field of the events of this name said, and how often."""
    events = (event for one in conversations for event in one.events if event.name == name)
    return Counter(event.seen.data[field] for event in events)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("concurrent", __doc__)
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--words", type=int, default=100, help="of each answer")
    parser.add_argument("--gap-seconds", type=float, default=0.05, help="between two words")
    given = parser.parse_args(arguments)

    async def work(report: Report) -> None:
        await measure(
            report, clients=given.clients, words=given.words, gap_seconds=given.gap_seconds
        )

    return measured(work, given)
