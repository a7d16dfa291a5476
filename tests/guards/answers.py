"""One answer from the question to the read tables, and everything it took."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
from redis.asyncio import Redis

from tests.guards.filled import projected
from tests.guards.published import Listener
from tests.guards.roles import Roles
from tests.guards.statements import Statements
from tests.system.client import Client, Json
from tests.system.stack import eventually

# Redis commands that come with time or with a new connection, and our own.
BACKGROUND = {"xreadgroup", "xautoclaim", "xpending", "xinfo", "xgroup", "ping", "hello", "client"}
OURS = {"info", "pubsub"}


@dataclass(frozen=True)
class Chunks:
    """The chunks of one answer, as the log has them."""

    rows: int
    state_bytes: int
    pieces: int  # as the provider sent them
    characters: int
    seconds: float  # between the first piece and the last, by the worker's clock

    @staticmethod
    def of(rows: Sequence[tuple[str, int]]) -> "Chunks":
        """From the deltas of each as JSON, and the length of its state."""
        deltas = [delta for text, _ in rows for delta in json.loads(text)]
        return Chunks(
            rows=len(rows),
            state_bytes=sum(size for _, size in rows),
            pieces=len(deltas),
            characters=sum(characters for characters, _ in deltas),
            seconds=sum(milliseconds for _, milliseconds in deltas[1:]) / 1000,
        )


@dataclass(frozen=True)
class Taken:
    """What an answer took, from the question to the read tables."""

    statements: Statements
    redis: Counter[str]
    subscribers: int  # of the owner's channel
    messages: int  # published
    frames: int  # in them
    events: int  # in the log
    chunks: Chunks
    seconds: float  # all of it


async def answered(
    ask: Callable[[], Awaitable[Json]], *, roles: Roles, listener: Listener
) -> Taken:
    """Ask, and wait until it is answered and can be read."""
    clock = asyncio.get_running_loop().time
    began, heard, mark = clock(), len(listener.heard), roles.mark
    before = await _commands(listener.redis)
    completion_id = (await ask())["completion_id"]
    await listener.until("thread.turn_ended", since=heard)
    frames = listener.frames(since=heard)
    await eventually(lambda: _shows(roles, frames[-1].position), seconds=20)
    return Taken(
        statements=await roles.statements(since=mark),
        redis=await _commands(listener.redis) - before,
        subscribers=await listener.subscribers(),
        messages=len(listener.heard) - heard,
        frames=len(frames),
        events=await _events(roles, frames[0].thread_id, since=frames[0].position),
        chunks=await _chunks(roles, completion_id),
        seconds=clock() - began,
    )


@asynccontextmanager
async def watched(client: Client, *, count: int) -> AsyncGenerator[str]:
    """A new thread that so many clients read live, all of them up to the end of a turn."""
    thread_id = (await client.post("/v1/threads"))["thread_id"]
    async with AsyncExitStack() as stack:
        watching = [_names(client, thread_id) for _ in range(count)]
        for names in watching:
            stack.push_async_callback(names.aclose)
        await asyncio.gather(*(_until("sync", names) for names in watching))
        yield thread_id
        await asyncio.gather(*(_until("thread.turn_ended", names) for names in watching))


async def _names(client: Client, thread_id: str) -> AsyncGenerator[str]:
    headers, path = {"Accept": "text/event-stream"}, f"/v1/threads/{thread_id}/events"
    async with client.http.stream("GET", path, headers=headers) as answer:
        async for event in httpx2.EventSource(answer):
            yield event.event


async def _until(name: str, names: AsyncGenerator[str]) -> None:
    async with asyncio.timeout(60):
        async for one in names:
            if one == name:
                return
    raise AssertionError(f"the stream ended before {name}")


async def _shows(roles: Roles, position: int) -> bool:
    return await projected(roles.owner) >= position


async def _commands(redis: Redis) -> Counter[str]:
    """How often each command was given since the server began."""
    stats: dict[str, Any] = await redis.info("commandstats")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    calls = {name.removeprefix("cmdstat_"): one["calls"] for name, one in stats.items()}
    apart = BACKGROUND | OURS
    return Counter({name: n for name, n in calls.items() if name.split("|")[0] not in apart})


async def _events(roles: Roles, thread_id: UUID, *, since: int) -> int:
    query = (
        "SELECT count(*) FROM threadlog.chat_events WHERE thread_id = $1 AND notification_id >= $2"
    )
    return await roles.owner.fetchval(query, thread_id, since)


async def _chunks(roles: Roles, completion_id: str) -> Chunks:
    rows = await roles.owner.fetch(
        "SELECT (convert_from(state, 'UTF8')::jsonb -> 'data' -> 'deltas')::text AS deltas,"
        " octet_length(state) AS size FROM threadlog.chat_events"
        " WHERE originator_id = $1 AND topic LIKE 'completion.chunk@%'"
        " ORDER BY originator_version",
        completion_id,
    )
    return Chunks.of([(row["deltas"], row["size"]) for row in rows])
