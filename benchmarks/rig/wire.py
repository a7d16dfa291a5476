"""A light HTTP client, so that a hundred of them do not measure themselves: one connection each."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.system.client import Seen

MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Received:
    """One Server-Sent Event; `at` is when its last byte came, in nanoseconds since 1970."""

    at: int
    id: int
    name: str
    data: bytes

    @property
    def seen(self) -> Seen:
        """The same as the tests' client has it."""
        return Seen(self.id, self.name, json.loads(self.data))


class Answer:
    """A response of which the head has come."""

    def __init__(self, reader: asyncio.StreamReader, head: bytes) -> None:
        self._reader = reader
        self._head = head.lower()
        self.status = int(head.split(b" ", 2)[1])

    async def json(self) -> Any:
        """The whole body. AssertionError unless it is an answer of success."""
        body = b"".join([piece async for piece, _ in self._pieces()])
        assert 200 <= self.status < 300, body
        return json.loads(body)

    async def events(self) -> AsyncGenerator[Received]:
        """Each event once it is complete, until the server ends the stream.

        Raises IncompleteReadError or ConnectionError where the connection ends before."""
        assert self.status in (200, 204), self._head
        pending = b""
        async for piece, at in self._pieces():
            *blocks, pending = (pending + piece).split(b"\n\n")
            for block in blocks:
                if (event := _event(block, at)) is not None:
                    yield event

    async def _pieces(self) -> AsyncGenerator[tuple[bytes, int]]:
        """The body as it comes, with the time."""
        if b"\r\ntransfer-encoding: chunked\r\n" in self._head:
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                piece = await self._reader.readexactly(size + 2)
                yield piece[:-2], time.time_ns()
        elif (at := self._head.find(b"\r\ncontent-length: ")) >= 0:
            size = int(self._head[at + 18 : self._head.index(b"\r\n", at + 2)])
            yield await self._reader.readexactly(size), time.time_ns()


@asynccontextmanager
async def request(
    url: str, *, key: str, body: object = None, last_event_id: int | None = None
) -> AsyncGenerator[Answer]:
    """POST the body as JSON, or without one GET an event stream. Leaving the block hangs up."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=MOST_BYTES)
    try:
        writer.write(_request(url, key=key, body=body, last_event_id=last_event_id))
        yield Answer(reader, await reader.readuntil(b"\r\n\r\n"))
    finally:
        writer.transport.abort()


def _request(url: str, *, key: str, body: object, last_event_id: int | None) -> bytes:
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    head = [f"host: {parts.netloc}", f"authorization: Bearer {key}"]
    if last_event_id is not None:
        head.append(f"last-event-id: {last_event_id}")
    content = b""
    if body is None:
        head.append("accept: text/event-stream")
    else:
        content = json.dumps(body).encode()
        head += ["content-type: application/json", f"content-length: {len(content)}"]
    lines = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", *head, "", ""]
    return "\r\n".join(lines).encode() + content


def _event(block: bytes, at: int) -> Received | None:
    fields = dict[bytes, bytes]()
    for line in block.split(b"\n"):
        name, _, value = line.partition(b": ")
        fields[name] = value
    if b"id" not in fields or b"data" not in fields:
        return None  # a comment, `retry`, `sync`, or a cursor that moves
    return Received(at, int(fields[b"id"]), fields[b"event"].decode(), fields[b"data"])
