"""One connection through a `FaultProxy`: what passes in each direction, and how it breaks."""

import asyncio
import contextlib
import random
import socket
import struct
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Direction: TypeAlias = Literal["up", "down"]
"""Up: from the client to the server."""

CHUNK = 1 << 16
CHUNKS_UNDER_WAY = 256


class Broken(Exception):
    """The connection is to be reset."""


@dataclass
class CutAfter:
    """So many bytes pass, and with the last of them their connection breaks."""

    direction: Direction
    count: int


@dataclass(frozen=True)
class CutAt:
    """The connection breaks at these bytes, which are lost; or at the answer to them."""

    direction: Direction
    pattern: bytes
    answer: bytes | None = None
    """The bytes arrive, and what comes back is lost up to this (b"": up to anything)."""
    arrives: bool = False
    """The bytes arrive, and nothing is waited for."""


@dataclass
class Faults:
    """What is wrong with all connections just now."""

    random: random.Random
    delay_seconds: float = 0.0
    reset_probability: float = 0.0
    held: frozenset[Direction] = frozenset()
    swallowed: bool = False
    cut: CutAfter | CutAt | None = None
    resets: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait_while_held(self, direction: Direction) -> None:
        """Until this direction passes again."""
        while direction in self.held:
            await self.changed.wait()


class Link:
    """A connection of a client, and the one to the server that belongs to it."""

    def __init__(
        self, client: asyncio.StreamWriter, server: asyncio.StreamWriter, *, faults: Faults
    ) -> None:
        self.maimed = False  # bytes of it are missing for good
        self.lost_answer: bytes | None = None  # nothing passes down, and it breaks at this
        self._faults = faults
        self._client = client
        self._server = server

    async def run(self, client: asyncio.StreamReader, server: asyncio.StreamReader) -> None:
        """Pass everything on until both sides have ended, or reset both."""
        up = Lane(self, "up", faults=self._faults)
        down = Lane(self, "down", faults=self._faults)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(up.read(client))
                tasks.create_task(up.write(self._server))
                tasks.create_task(down.read(server))
                tasks.create_task(down.write(self._client))
        except* (Broken, OSError):
            self.reset()
        finally:
            self._client.close()
            self._server.close()

    def reset(self) -> None:
        """Break it off: over TCP both sides get a reset, over a unix socket an end."""
        self._faults.resets += 1
        reset(self._client)
        reset(self._server)


class Lane:
    """One direction of a connection. What is under way keeps its distance in time."""

    def __init__(self, link: Link, direction: Direction, *, faults: Faults) -> None:
        self._link = link
        self._direction: Direction = direction
        self._faults = faults
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(CHUNKS_UNDER_WAY)
        self._before = b""  # what has just passed, for patterns that lie in two chunks
        self._lost = b""  # of an answer
        self._abandoned = False

    async def read(self, source: asyncio.StreamReader) -> None:
        """Take in what one side sends, and its end."""
        clock = asyncio.get_running_loop().time
        while True:
            data = await source.read(CHUNK)
            await self._under_way.put((clock() + self._faults.delay_seconds, data))
            if not data:
                return

    async def write(self, sink: asyncio.StreamWriter) -> None:
        """Hand it to the other side, when it is due and nothing is in its way."""
        sink.transport.set_write_buffer_limits(0)  # drained is gone: a reset takes nothing back
        clock = asyncio.get_running_loop().time
        while True:
            due, data = await self._under_way.get()
            await asyncio.sleep(due - clock())
            await self._faults.wait_while_held(self._direction)
            if self._faults.swallowed:
                self._link.maimed = True
            if data:
                await self._pass(data, sink)
            else:
                self._pass_end(sink)
                return

    async def _pass(self, data: bytes, sink: asyncio.StreamWriter) -> None:
        """Write it, or a part, or nothing. Raises Broken when the connection ends with it."""
        if self._faults.random.random() < self._faults.reset_probability:
            raise Broken
        if self._link.maimed or self._is_lost_answer(data):
            return
        passing = self._up_to_cut(data)
        sink.write(passing)
        await sink.drain()
        self._before = passing[-CHUNK:]
        if self._abandoned:
            raise Broken
        if len(passing) < len(data) or self._is_used_up():
            self._faults.cut = None
            raise Broken

    def _pass_end(self, sink: asyncio.StreamWriter) -> None:
        if not self._link.maimed:
            with contextlib.suppress(OSError, RuntimeError):
                sink.write_eof()

    def _is_lost_answer(self, data: bytes) -> bool:
        if self._direction == "up" or self._link.lost_answer is None:
            return False
        self._lost += data
        if self._link.lost_answer in self._lost:
            raise Broken
        return True

    def _up_to_cut(self, data: bytes) -> bytes:
        cut = self._faults.cut
        if cut is None or cut.direction != self._direction:
            return data
        if isinstance(cut, CutAfter):
            passing = data[: cut.count]
            cut.count -= len(passing)
            return passing
        start = max(0, len(self._before) + 1 - len(cut.pattern))
        if cut.pattern not in self._before[start:] + data:
            return data
        self._faults.cut = None
        self._abandoned = cut.arrives
        if cut.answer is None and not cut.arrives:
            raise Broken
        self._link.lost_answer = cut.answer
        return data

    def _is_used_up(self) -> bool:
        cut = self._faults.cut
        return isinstance(cut, CutAfter) and cut.direction == self._direction and cut.count == 0


def reset(end: asyncio.StreamWriter) -> None:
    """Close with a reset instead of an end."""
    with contextlib.suppress(OSError, AttributeError):
        linger = struct.pack("ii", 1, 0)
        end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    end.transport.abort()
