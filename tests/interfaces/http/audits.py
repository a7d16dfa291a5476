"""An auditor at the API, and threads worth looking into."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import httpx2

from domain.account_events import AccessEvent, LogRead, ThreadRead
from domain.recorded import Recorded
from tests.interfaces.http.house import House, Json, Person
from tests.interfaces.http.worker import Worker

REASON = "Complaint 4711, Müller ☃"
HEADERS = {b"Audit-Reason": REASON.encode()}


@dataclass(frozen=True)
class Told:
    """A thread that was answered once, with the positions at which something was to be seen."""

    thread: str
    message: str
    completion: str
    asked: int
    said: int  # the half of it
    ended: int

    @property
    def path(self) -> str:
        return f"/v1/audit/threads/{self.thread}"

    @property
    def paths(self) -> list[str]:
        """Of every route under /v1/audit."""
        kinds = ("", "/diff", "/replay?speed=max", "/requests")
        return [*(self.path + kind for kind in kinds), "/v1/audit/events"]


async def told(house: House, user: Person, *, text: str = "Hello yourself.") -> Told:
    """A question and its answer, said in pieces, then recorded."""
    started = await user.start("Hello ☃")
    worker = await Worker.claim(house, started["completion_id"])
    first, _, rest = text.partition(" ")
    said = await worker.say(first)
    await worker.say(" ", *rest.split(" "))
    await worker.record(text)
    ended = await worker.finish()
    return Told(
        started["thread_id"],
        started["message_id"],
        started["completion_id"],
        started["position"],
        said,
        ended,
    )


async def ask(auditor: Person, path: str, **parameters: object) -> httpx2.Response:
    """With a reason."""
    given = {name.rstrip("_"): str(value) for name, value in parameters.items()}
    return await auditor.http.get(path, params=given, headers=HEADERS)


async def see(auditor: Person, path: str, **parameters: object) -> Json:
    """What is answered."""
    answer = await ask(auditor, path, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def lines(auditor: Person, **parameters: object) -> list[Json]:
    """The lines of one reading of the log."""
    answer = await ask(auditor, "/v1/audit/events", **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


async def reads_of(house: House, reader: Person) -> list[Recorded[AccessEvent]]:
    """What is written down of somebody's reading today."""
    stream = uuid5(reader.key_id, f"access {datetime.now(UTC).date().isoformat()}")
    found: list[Recorded[AccessEvent]] = []
    for one in await house.log.read_stream(stream):
        assert isinstance(one.event, ThreadRead | LogRead)
        found.append(one)  # pyright: ignore[reportArgumentType]  # narrowed above
    return found


def read_by(recorded: Recorded[AccessEvent]) -> tuple[UUID | None, str, str | None]:
    """The thread, what was asked, and why."""
    event = recorded.event
    assert isinstance(event, ThreadRead | LogRead)
    thread = event.thread_id if isinstance(event, ThreadRead) else None
    return thread, event.what, event.reason


@dataclass
class Block:
    """One SSE block."""

    id: int | None = None
    event: str = ""
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    at: float = 0.0  # when it arrived, by the event loop's clock


def blocks_of(text: str) -> list[Block]:
    """Comments and `retry` left out."""
    found = [_block(raw) for raw in text.split("\n\n")]
    return [block for block in found if block.event]


def _block(raw: str) -> Block:
    lines = dict(line.split(": ", 1) for line in raw.splitlines() if ": " in line)
    body: dict[str, Any] = json.loads(lines.get("data", "{}"))
    return Block(int(lines["id"]) if "id" in lines else None, lines.get("event", ""), body)


@asynccontextmanager
async def opened(
    auditor: Person, path: str, *, last_event_id: int | None = None
) -> AsyncGenerator[httpx2.Response]:
    """A stream that is under way."""
    resume = {} if last_event_id is None else {b"Last-Event-ID": str(last_event_id).encode()}
    async with auditor.http.stream("GET", path, headers={**HEADERS, **resume}) as answer:
        assert answer.status_code == 200, await answer.aread()
        yield answer
