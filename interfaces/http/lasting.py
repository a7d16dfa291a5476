"""Answers that last: the connection that they are written to, bit by bit, and their limits."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

WRITE_BYTES = 64 * 1024
CUT_SECONDS = 1.0
HEADERS = {"cache-control": "no-store", "connection": "keep-alive", "x-accel-buffering": "no"}

Question: TypeAlias = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class StreamLimits:
    """How long a stream may be silent, unread, unchecked, and alive."""

    comment_seconds: float = 15.0  # the longest silence
    send_seconds: float = 30.0  # for the client to take 64 KiB
    recheck_seconds: float = 14.0  # after which the next tick looks at the reader's rights
    life_seconds: float = 900.0  # and up to a fifth more, lest all come back together

    @property
    def tick_seconds(self) -> float:
        """Between two looks at a stream to which nothing happens.

        With what `application.keys` takes to hear of a revoked key, who may read no longer is cut
        off within 30 seconds.
        """
        return self.comment_seconds / 3

    def wants_comment(self, silent_seconds: float) -> bool:
        """Is a stream to say at this tick that it lives? The next one may be too late."""
        return silent_seconds > self.comment_seconds / 2

    def end_of_life(self, begins: float) -> float:
        """On the clock on which it begins."""
        return begins + self.life_seconds * random.uniform(1, 1.2)  # noqa: S311


LIMITS = StreamLimits()


class StreamIsCut(Exception):
    """The stream was broken off; resume from the last id."""


class ClientIsStalled(Exception):
    """The client does not take what it is sent."""


class Connection:
    """A response that is written bit by bit; at most 64 KiB wait in memory for the client."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, send_seconds: float) -> None:
        network = scope.get("state", {})  # what `Protocol` says of it
        self._abort: Callable[[], None] | None = network.get("abort")
        self._has_taken_all: Callable[[], bool] = network.get("has_taken_all", bool)
        self._receive = receive
        self._send = send
        self._send_seconds = send_seconds
        self._clock = asyncio.get_running_loop().time
        self._written_at = self._clock()

    @property
    def silent_seconds(self) -> float:
        """Since the last byte."""
        return self._clock() - self._written_at

    @asynccontextmanager
    async def while_open(self) -> AsyncGenerator[None]:
        """Leaves the block as soon as the client has gone, wherever it is."""
        life = asyncio.timeout(None)
        try:
            async with life:
                watching = asyncio.create_task(self._watch(life))
                try:
                    yield
                finally:
                    watching.cancel()
        except TimeoutError:
            if not life.expired():
                raise

    async def start(self, response: Response) -> None:
        """Send status and headers."""
        status, headers = response.status_code, response.raw_headers
        await self._put({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, body: bytes) -> None:
        """Returns once the network has taken all of it. Raises ClientIsStalled."""
        if not body:
            return
        for begin in range(0, len(body), WRITE_BYTES):
            await self._put_body(body[begin : begin + WRITE_BYTES])
        if not self._has_taken_all():
            await self._put_body(b"")  # servers wait for the client before a write, not after it
        self._written_at = self._clock()

    async def end(self) -> None:
        """The clean end, after which the client knows that it has everything."""
        await self._put({"type": "http.response.body", "body": b"", "more_body": False})

    async def cut(self) -> None:
        """Break off, so that the client sees an error. Call it inside `while_open`."""
        if self._abort is not None:
            self._abort()
            await asyncio.sleep(CUT_SECONDS)  # ended at once by `while_open`
        raise StreamIsCut

    async def _put_body(self, body: bytes) -> None:
        await self._put({"type": "http.response.body", "body": body, "more_body": True})

    async def _put(self, message: Message) -> None:
        if self._has_taken_all():
            await self._send(message)  # at once: without a timer for each event
            return
        try:
            async with asyncio.timeout(self._send_seconds):
                await self._send(message)
        except TimeoutError:
            raise ClientIsStalled from None

    async def _watch(self, life: asyncio.Timeout) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        life.reschedule(self._clock())
