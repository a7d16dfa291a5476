"""Many clients that watch one event stream, in a process of its own that is as light as can be.

Each is a bare socket in one epoll: what comes is kept with its time and understood afterwards.
"""

import asyncio
import gc
import hashlib
import json
import resource
import select
import socket
import sys
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

AT_ONCE = 32
READ_BYTES = 32 * 1024
CAUGHT_UP = b"event: sync\n"
OVER = b"event: thread.turn_ended\n"


@dataclass
class Watcher:
    """One client, and what it got piece by piece. Times in nanoseconds since 1970."""

    connection: socket.socket
    pieces: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])

    def has(self, mark: bytes) -> bool:
        """Has it just come? It may be torn in two."""
        return mark in b"".join(piece for _, piece in self.pieces[-2:])

    def told(self) -> dict[str, Any]:
        """As `Watched` has it."""
        blocks = _blocks(self.pieces)
        events = [(at, block) for at, block in blocks if block[:4] == b"id: " and b"\n" in block]
        return {
            "positions": [int(block[4 : block.index(b"\n")]) for _, block in events],
            "at": [at for at, _ in events],
            "sha256": sha256(block for _, block in events),
        }


@dataclass(frozen=True)
class Watched:
    """What one client saw after the catch-up: positions, when each was whole, and their bytes."""

    positions: list[int]
    at: list[int]
    sha256: str


@dataclass(frozen=True)
class Watchers:
    """The process, with all its clients caught up."""

    process: asyncio.subprocess.Process

    async def until_turn_ended(self) -> tuple[list[Watched], float]:
        """What they saw up to the end of the turn, and the CPU seconds of their process."""
        assert self.process.stdout is not None
        found = json.loads(await self.process.stdout.readline())
        return [Watched(**one) for one in found["watched"]], found["cpu_seconds"]


@asynccontextmanager
async def watching(url: str, *, key: str, clients: int) -> AsyncGenerator[Watchers]:
    """So many clients of an event stream, each with everything up to now; hung up at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.rig.watching", url, key, str(clients)),
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 30,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"all watch\n"
        yield Watchers(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def sha256(blocks: Iterable[bytes]) -> str:
    """Of the events as they came over the wire."""
    return hashlib.sha256(b"\n\n".join(blocks)).hexdigest()


def main() -> None:
    """`python -m benchmarks.rig.watching URL KEY CLIENTS`."""
    url, key, clients = sys.argv[1], sys.argv[2], int(sys.argv[3])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    watchers = list[Watcher]()
    while len(watchers) < clients:
        new = [_connected(url, key) for _ in range(min(AT_ONCE, clients - len(watchers)))]
        _read(new, CAUGHT_UP)
        watchers += new
    gc.disable()  # nothing here goes in circles, and a collection would delay what comes
    print("all watch", flush=True)
    before = time.process_time()
    _read(watchers, OVER)
    cpu_seconds = time.process_time() - before
    watched = [one.told() for one in watchers]
    print(json.dumps({"watched": watched, "cpu_seconds": cpu_seconds}), flush=True)


def _connected(url: str, key: str) -> Watcher:
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 80))
    connection.sendall(
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        f"authorization: Bearer {key}\r\naccept: text/event-stream\r\n\r\n".encode()
    )
    return Watcher(connection)


def _read(watchers: Sequence[Watcher], mark: bytes) -> None:
    """Until each has seen it; EOFError when one is hung up on."""
    with select.epoll() as ready:
        waiting = {one.connection.fileno(): one for one in watchers}
        for file in waiting:
            ready.register(file, select.EPOLLIN)
        while waiting:
            for file, _ in ready.poll():
                one = waiting[file]
                piece = one.connection.recv(READ_BYTES)
                if not piece:
                    raise EOFError(one.pieces[-1:])
                one.pieces.append((time.time_ns(), piece))
                if one.has(mark):
                    ready.unregister(file)
                    del waiting[file]


def _blocks(pieces: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """What is between blank lines of the body, without its chunks' framing; and its time."""
    blocks, wire, body = list[tuple[int, bytes]](), b"", b""
    for at, piece in pieces:
        wire += piece
        if wire.startswith(b"HTTP/"):
            _, whole, rest = wire.partition(b"\r\n\r\n")
            if not whole:
                continue
            wire = rest
        while (end := wire.find(b"\r\n")) >= 0:
            size = int(wire[:end], 16)
            if len(wire) < end + size + 4:
                break
            body += wire[end + 2 : end + 2 + size]
            wire = wire[end + size + 4 :]
            *whole, body = body.split(b"\n\n")
            blocks += [(at, block) for block in whole]
    return blocks


if __name__ == "__main__":
    main()
