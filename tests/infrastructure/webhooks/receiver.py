"""A receiver of webhooks: in this event loop, or as a process that keeps what it gets in a file."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from pydantic_core import from_json

from infrastructure.tasks import end

OK = b"HTTP/1.1 204 No Content\r\n\r\n"
ERROR = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 6\r\n\r\nsecret"


@dataclass(frozen=True)
class Post:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return from_json(self.body)

    @property
    def position(self) -> int:
        return self.event["position"]

    @property
    def line(self) -> bytes:
        """For a file."""
        return b"%s\t%s\n" % (self.id.encode(), self.body)


# What to answer, as bytes on the wire; b"" hangs up.
Answer: TypeAlias = Callable[[Post], Awaitable[bytes]]


async def take(_: Post) -> bytes:
    return OK


@dataclass
class Receiver:
    """Notes what comes, then answers as it was told."""

    answer: Answer = take
    posts: list[Post] = field(default_factory=list[Post])
    port: int = 0
    most_at_once: int = 0
    hung_up: int = 0  # senders that did not wait for the answer
    _at_once: int = 0
    _serving: set[asyncio.Task[Any]] = field(default_factory=set[asyncio.Task[Any]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def positions(self) -> list[int]:
        return [post.position for post in self.posts]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection until it ends."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            while post := await read_post(reader):
                self._at_once += 1
                self.most_at_once = max(self.most_at_once, self._at_once)
                self.posts.append(post)
                try:
                    said = await self._said(post, reader)
                finally:
                    self._at_once -= 1
                if not said:
                    return
                writer.write(said)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._serving.discard(task)

    async def _said(self, post: Post, reader: asyncio.StreamReader) -> bytes:
        """What to answer, unless the sender hangs up before."""
        answering = asyncio.create_task(_answer(self.answer, post))
        leaving = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            self.hung_up += leaving.done()
            return b"" if leaving.done() else answering.result()
        finally:
            await end({answering, leaving})

    async def close(self) -> None:
        """Hang up on everybody."""
        await end(self._serving.copy())


async def _answer(answer: Answer, post: Post) -> bytes:
    return await answer(post)


async def read_post(reader: asyncio.StreamReader) -> Post | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    return Post(first.split(" ")[1], headers, body)


@asynccontextmanager
async def receiving(answer: Answer = take, *, port: int = 0) -> AsyncGenerator[Receiver]:
    receiver = Receiver(answer)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.close()


async def _keep(port: int, path: Path) -> None:
    with path.open("ab", buffering=0) as file:

        async def keep(post: Post) -> bytes:
            file.write(post.line)
            return OK

        async with receiving(keep, port=port):
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_keep(int(sys.argv[1]), Path(sys.argv[2])))
