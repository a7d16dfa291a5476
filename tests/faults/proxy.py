"""A proxy that does to a network link what a test asks for; PostgreSQL, Redis and HTTP alike."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Self, TypeAlias

from tests.faults.link import CutAfter, CutAt, Direction, Faults, Link, reset

Address: TypeAlias = tuple[str, int] | Path
"""Host and port, or the path of a unix socket."""

BOTH: tuple[Direction, Direction] = ("up", "down")
ANY_PORT = ("127.0.0.1", 0)
POSTGRES_READY = b"Z\x00\x00\x00\x05I"
"""PostgreSQL waits for the next statement: what it was sent is committed or rolled back."""


class FaultProxy:
    """Passes what comes to `listen` on to `server`, in this event loop.

        async with FaultProxy(("127.0.0.1", 5432)) as proxy:
            connect(port=proxy.port)
            proxy.lose_answer(b"a marker in the statement", answer=POSTGRES_READY)

    Faults add up until `heal`. The lanes see bytes only: what a test looks for must be on the wire
    as it is, without TLS. The chances of `reset_at_random` come from the seed.
    """

    def __init__(self, server: Address, *, listen: Address = ANY_PORT, seed: int = 0) -> None:
        self._server = server
        self._listen = listen
        self._faults = Faults(random.Random(seed))
        self._listener: asyncio.Server | None = None
        self._links: dict[Link, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.heal()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1, once it has; it never changes."""
        assert not isinstance(self._listen, Path)
        return self._listen[1]

    @property
    def path(self) -> Path:
        """Where its unix socket is."""
        assert isinstance(self._listen, Path)
        return self._listen

    @property
    def listens_on_tcp(self) -> bool:
        """At a port, and not at a path."""
        return not isinstance(self._listen, Path)

    @property
    def connections(self) -> int:
        """How many stand now."""
        return len(self._links)

    @property
    def resets(self) -> int:
        """How many were broken off so far."""
        return self._faults.resets

    @property
    def is_armed(self) -> bool:
        """Does a cut still wait for its moment?"""
        return self._faults.cut is not None

    async def heal(self) -> None:
        """Listen (again), and pass everything. What a black hole maimed is reset. Repeatable."""
        self._faults.delay_seconds = self._faults.reset_probability = 0.0
        self._faults.swallowed = False
        self._faults.cut = None
        self.release()
        self._reset([link for link in self._links if link.maimed])
        if self._listener is None:
            await self._open()

    async def close(self) -> None:
        """Break everything off and leave nothing behind."""
        self.shut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def delay(self, seconds: float) -> None:
        """Each direction takes so long from now on; as much as ever can be under way."""
        self._faults.delay_seconds = seconds

    def refuse(self) -> None:
        """Nobody answers new connections; open ones stay."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        if isinstance(self._listen, Path):
            self._listen.unlink(missing_ok=True)

    def reset(self) -> int:
        """Break off every open connection; how many there were."""
        return self._reset(list(self._links))

    def shut(self) -> None:
        """The server is gone: connections break, and nobody answers new ones."""
        self.refuse()
        self.reset()
        for task in self._tasks:
            task.cancel()  # those too that are still being connected

    def hold(self, *directions: Direction) -> None:
        """Nothing more arrives in these directions, all by default; it is kept for `release`.

        New connections are taken, as a frozen server's system does.
        """
        self._faults.held |= frozenset(directions or BOTH)

    def release(self) -> None:
        """What was held arrives."""
        self._faults.held = frozenset()
        self._faults.changed.set()
        self._faults.changed = asyncio.Event()

    def black_hole(self) -> None:
        """What is sent from now on is lost in both directions, and nobody is told."""
        self._faults.swallowed = True

    def reset_at_random(self, probability: float) -> None:
        """Each chunk of bytes, about a message, breaks its connection with this probability."""
        self._faults.reset_probability = probability

    def cut_after(self, count: int, *, direction: Direction = "down") -> None:
        """Pass so many bytes more, and break the connection of the last one. One cut at a time."""
        self._faults.cut = CutAfter(direction, count)

    def lose(self, pattern: bytes, *, direction: Direction = "up") -> None:
        """Break the connection at these bytes instead of passing them on."""
        self._faults.cut = CutAt(direction, pattern)

    def lose_answer(self, pattern: bytes, *, answer: bytes = b"") -> None:
        """Pass the request with these bytes; lose what comes back, and break off at `answer`.

        By default that is the first byte of the answer. Either way the server has acted on the
        request, and its client cannot know.
        """
        self._faults.cut = CutAt("up", pattern, answer)

    def abandon(self, pattern: bytes) -> None:
        """Pass the request with these bytes and break off at once, whatever becomes of it."""
        self._faults.cut = CutAt("up", pattern, arrives=True)

    async def _open(self) -> None:
        if isinstance(self._listen, Path):
            self._listener = await asyncio.start_unix_server(self._accept, self._listen)
        else:
            host, port = self._listen
            self._listener = await asyncio.start_server(self._accept, host, port)
            self._listen = (host, self._listener.sockets[0].getsockname()[1])

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await self._connect()
        except OSError:
            reset(writer)
            return
        except BaseException:
            reset(writer)
            raise
        link = Link(writer, far_writer, faults=self._faults)
        task = asyncio.current_task()
        assert task is not None
        self._links[link] = task
        try:
            await link.run(reader, far_reader)
        finally:
            del self._links[link]

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._server, Path):
            return await asyncio.open_unix_connection(self._server)
        return await asyncio.open_connection(*self._server)

    def _reset(self, links: Sequence[Link]) -> int:
        for link in links:
            link.reset()
            self._links[link].cancel()
        return len(links)
