"""Reading a long conversation: its messages, a thousand of its events, and the way back in.

Measures over HTTP, with `threadlog up` on a durable PostgreSQL and one thread of 200 answers (about
4,000 events as workers write them, ten chunks an answer) among a hundred others, one request after
the other on a connection that is kept: the thread's row, as the least that a request takes; a page
of its messages (`GET …/messages`, 100 and all); a page of 1,000 public events from the log (`GET
…/events`, JSON); the same 1,000 as a stream, from the request with `Last-Event-ID` until `sync`, on
a connection of its own each time; and beside them, in this process, the bare read of 1,000 rows of
the thread from the log, and with decoding. All in turns, so that each has met the same machine.
Checks that what came is what was written, event by event, and the messages' texts. Leaves out: a
network, TLS, many readers at once, the client's parsing of what it got.
"""

import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

import httpx2

from benchmarks.rig.bounded import measured, options
from benchmarks.rig.conversations import CHUNKS, TEXT, Conversation, converse_unseen
from benchmarks.rig.figures import Report
from benchmarks.rig.system import System, running
from domain.ids import uuid7
from infrastructure.event_log import Codec, LogEntry, LogReader, PostgresEventLog
from infrastructure.event_log.reader import PUBLIC_NAMES
from tests.servers import connected
from tests.system.stack import KEY

EVENTS = 1000
TURNS = 200
OTHERS = 100  # threads beside it, of ten answers each
SYNC = b"event: sync\n"
GOAL_MS = 30

Read = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class LongThread:
    """A thread in a running system, and what its log holds."""

    id: UUID
    log: Sequence[LogEntry]

    @property
    def public(self) -> list[LogEntry]:
        """What a client may see."""
        return [entry for entry in self.log if entry.name in PUBLIC_NAMES]

    @property
    def after(self) -> int:
        """The position with 1,000 public events behind it."""
        return self.public[-EVENTS - 1].position


async def long_thread(system: System, *, turns: int) -> LongThread:
    """Begun over HTTP, then written behind the workers' backs."""
    started = await system.client.post("/v1/threads")
    thread = UUID(started["thread_id"])
    async with PostgresEventLog(system.postgres.url) as log:
        [begun] = await log.reader.read_thread(thread)
        assert begun.owner_id is not None
        conversation = Conversation(begun.owner_id, thread, versions={thread: 1})
        await converse_unseen(log, conversation, turns=turns)
        for _ in range(OTHERS):
            await converse_unseen(log, Conversation(uuid7()), turns=10)
        entries, last = await log.reader.read_thread(thread), await log.reader.last_position()
    await system.client.get(f"/v1/threads/{thread}", min_position=last)
    async with connected(system.postgres.owner_url) as connection:
        await connection.execute("VACUUM (ANALYZE)")  # as in time it does by itself
    return LongThread(thread, entries)


class Reads:
    """Each way to read, as often as one likes."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        streams: httpx2.AsyncClient,
        log: LogReader,
        thread: LongThread,
    ) -> None:
        self._http = http
        self._streams = streams  # whose connections end with each stream
        self._log = log
        self._thread = thread
        self._path = f"/v1/threads/{thread.id}"
        self._codec = Codec()

    async def thread(self) -> bytes:
        """Its row."""
        answer = await self._http.get(self._path)
        assert answer.is_success, answer.text
        return answer.content

    async def messages(self, limit: int) -> bytes:
        """The first so many messages of the branch."""
        return await self._get("messages", limit=limit)

    async def page(self) -> bytes:
        """The last 1,000 public events, as JSON."""
        return await self._get("events", after=self._thread.after, limit=EVENTS)

    async def stream(self) -> bytes:
        """The same, as a client that was away gets them."""
        received = bytearray()
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(self._thread.after)}
        async with self._streams.stream("GET", f"{self._path}/events", headers=headers) as answer:
            async for piece in answer.aiter_raw():
                received += piece
                if SYNC in received[-len(piece) - len(SYNC) :]:
                    return bytes(received)
        raise AssertionError("the stream has ended")

    async def rows(self) -> list[LogEntry]:
        """1,000 events, public or not, as stored."""
        after = self._thread.log[-EVENTS - 1].position
        return await self._log.read_thread(self._thread.id, after=after, limit=EVENTS)

    async def decoded(self) -> list[object]:
        """The same, as the application has them."""
        return [self._codec.decode(entry) for entry in await self.rows()]

    async def _get(self, what: str, **parameters: int) -> bytes:
        answer = await self._http.get(f"{self._path}/{what}", params=parameters)
        assert answer.is_success, answer.text
        return answer.content


@asynccontextmanager
async def reading(system: System, thread: LongThread) -> AsyncGenerator[Reads]:
    """Connected."""
    async with (
        _client(system) as http,
        _client(system) as streams,
        LogReader(system.postgres.url, connections=1) as log,
    ):
        yield Reads(http, streams, log, thread)


def _client(system: System) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx2.AsyncClient(base_url=system.url, headers=headers, timeout=30)


def _items(body: bytes) -> list[dict[str, Any]]:
    page: dict[str, list[dict[str, Any]]] = json.loads(body)
    return page["items"]


async def timed(reads: Mapping[str, Read], *, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each, in turns; the first rounds warm up and do not count."""
    found: dict[str, list[float]] = {name: [] for name in reads}
    for number in range(-rounds // 10, rounds):
        for name, read in reads.items():
            began = time.perf_counter()
            await read()
            if number >= 0:
                found[name].append((time.perf_counter() - began) * 1e3)
    return found


def same_as_log(events: Sequence[Mapping[str, Any]], log: Sequence[LogEntry]) -> bool:
    """Has a client got these events of the log, in order, with what they say?"""
    return len(events) == len(log) and all(
        event["position"] == entry.position
        and event["name"] == entry.name
        and event["data"] == json.loads(entry.state)["data"]
        for event, entry in zip(events, log, strict=True)
    )


def events_in(stream: bytes) -> list[dict[str, Any]]:
    """The events of a stream up to `sync`."""
    blocks = stream[: stream.index(SYNC)].split(b"\n\n")
    lines = [line for block in blocks if block.startswith(b"id: ") for line in block.split(b"\n")]
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: ")]


async def check(report: Report, reads: Reads, thread: LongThread, *, turns: int) -> None:
    """Is it all there, everywhere?"""
    public = thread.public[-EVENTS:]
    page, stream = await reads.page(), await reads.stream()
    report.fact("bytes of 1,000 events, as page and as stream", [len(page), len(stream)])
    report.expect(same_as_log(_items(page), public), "the page is not the log")
    report.expect(same_as_log(events_in(stream), public), "the stream is not the log")
    rows = await reads.rows()
    report.expect(
        [(row.position, row.state) for row in rows]
        == [(entry.position, entry.state) for entry in thread.log[-EVENTS:]],
        "the rows are not the log",
    )
    messages = _items(await reads.messages(2 * turns))
    texts = [_text(message) for message in messages if message["role"] == "assistant"]
    report.expect(texts == [TEXT * CHUNKS] * turns, "the messages are not the answers")


def _text(message: Mapping[str, Any]) -> str:
    parts = cast("list[dict[str, Any]]", message["parts"])
    return "".join(part["content"] for part in parts if part["kind"] == "text")


async def measure(report: Report, *, rounds: int, turns: int) -> None:
    """One thread, read again and again."""
    async with running({"THREADLOG_MODEL": "demo"}) as system:
        thread = await long_thread(system, turns=turns)
        report.fact("events of the thread, public ones", [len(thread.log), len(thread.public)])
        async with reading(system, thread) as reads:
            await check(report, reads, thread, turns=turns)
            named: dict[str, Read] = {
                "one thread over HTTP, ms": reads.thread,
                "100 messages over HTTP, ms": lambda: reads.messages(100),
                f"all {2 * turns} messages over HTTP, ms": lambda: reads.messages(2 * turns),
                "1,000 events over HTTP, JSON, ms": reads.page,
                "1,000 events over HTTP, stream until sync, ms": reads.stream,
                "1,000 events from the log, as stored, ms": reads.rows,
                "1,000 events from the log, decoded, ms": reads.decoded,
            }
            found = await timed(named, rounds=rounds)
    spreads = {name: report.spread(name, times) for name, times in found.items()}
    page = spreads["1,000 events over HTTP, JSON, ms"]
    report.goal("replay read of 1,000 events over HTTP, p50 ms", page.p50, most=GOAL_MS)


def main(arguments: Sequence[str]) -> int:
    """Print a table, and the same as JSON; the exit code."""
    parser = options("reads", __doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--turns", type=int, default=TURNS, help="of the thread, at least 60")
    given = parser.parse_args(arguments)

    return measured(partial(measure, rounds=given.rounds, turns=given.turns), given)
