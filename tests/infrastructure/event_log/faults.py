"""A proxy between the log and its server that loses one request, or the answer to it."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qs, quote, urlsplit

SOCKET = ".s.PGSQL.5432"
READY = b"Z\x00\x00\x00\x05I"  # the server's "ready for query, no transaction": it has committed

Ends: TypeAlias = tuple[asyncio.StreamWriter, asyncio.StreamWriter]  # client, server


class Link:
    """`url` leads through the proxy. One cut at a time; afterwards everything passes again."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = urlsplit(url)._replace(query=f"host={quote(str(folder))}").geturl()
        self.cuts = 0
        self._server = parse_qs(urlsplit(url).query)["host"][0]
        self._lose_request = b""
        self._lose_answer = b""
        self._abandon = b""
        self._pumps: set[asyncio.Task[None]] = set()

    def lose_request(self, marker: bytes) -> None:
        """Break the connection instead of passing on the message that holds these bytes."""
        self._lose_request = marker

    def lose_answer(self, marker: bytes) -> None:
        """Pass the message that holds these bytes; break the connection when it is committed."""
        self._lose_answer = marker

    def abandon(self, marker: bytes) -> None:
        """Pass the message that holds these bytes and break the connection at once."""
        self._abandon = marker

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        server = await asyncio.open_unix_connection(f"{self._server}/{SOCKET}")
        both = (writer, server[1])
        muted = asyncio.Event()
        for pump in (self._up(reader, both, muted), self._down(server[0], both, muted)):
            task = asyncio.create_task(pump)
            self._pumps.add(task)
            task.add_done_callback(self._pumps.discard)

    async def _up(self, source: asyncio.StreamReader, both: Ends, muted: asyncio.Event) -> None:
        while data := await _read(source):
            if self._lose_request and self._lose_request in data:
                self._lose_request = b""
                self._cut(both)
                return
            if self._lose_answer and self._lose_answer in data:
                self._lose_answer = b""
                muted.set()
            both[1].write(data)
            if self._abandon and self._abandon in data:
                self._abandon = b""
                await both[1].drain()
                self._cut(both)
                return
        both[1].close()

    async def _down(self, source: asyncio.StreamReader, both: Ends, muted: asyncio.Event) -> None:
        while data := await _read(source):
            if not muted.is_set():
                both[0].write(data)
            elif READY in data:
                self._cut(both)
                return
        both[0].close()

    def _cut(self, both: Ends) -> None:
        self.cuts += 1
        for end in both:
            end.transport.abort()

    async def close(self) -> None:
        """End all connections."""
        for task in tuple(self._pumps):
            task.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)


async def _read(source: asyncio.StreamReader) -> bytes:
    try:
        return await source.read(1 << 20)
    except OSError:
        return b""


@asynccontextmanager
async def faulty(url: str) -> AsyncGenerator[Link]:
    """A link to the server of this url."""
    with tempfile.TemporaryDirectory(prefix="threadlog-link-", dir="/tmp") as folder:
        link = Link(url, Path(folder))
        server = await asyncio.start_unix_server(link.accept, f"{folder}/{SOCKET}")
        try:
            yield link
        finally:
            server.close()
            await link.close()
