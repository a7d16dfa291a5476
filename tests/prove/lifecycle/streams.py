"""What the log says of single streams while it is written, read past all code of the product."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from tests.servers import Connection
from tests.storm.evidence import Event, event_of
from tests.system.stack import eventually

OF_STREAM = """
SELECT notification_id, originator_id, originator_version, topic, state, thread_id, recorded_at
  FROM threadlog.chat_events WHERE originator_id = $1 ORDER BY originator_version
"""
NAMES_OF_THREAD = """
SELECT topic, originator_id::text AS stream FROM threadlog.chat_events
 WHERE thread_id = $1 AND topic NOT LIKE 'completion.chunk@%' ORDER BY notification_id
"""
IS_OPEN = "SELECT count(*) FROM threadlog.open_runs WHERE stream_id = $1"
PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.01


class Streams:
    """Over one connection, one question at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._turn = asyncio.Lock()

    async def read(self, stream: str) -> list[Event]:
        """All events of a stream."""
        async with self._turn:
            rows = await self._connection.fetch(OF_STREAM, UUID(stream))
        return [event_of(row) for row in rows]

    async def of_thread(self, thread: str) -> list[tuple[str, str]]:
        """Name and stream of every event of a thread but its chunks."""
        async with self._turn:
            rows = await self._connection.fetch(NAMES_OF_THREAD, UUID(thread))
        return [(row["topic"].partition("@")[0], row["stream"]) for row in rows]

    async def until(
        self,
        stream: str,
        condition: Callable[[Sequence[Event]], object],
        *,
        seconds: float = PATIENCE_SECONDS,
    ) -> list[Event]:
        """Wait until it holds of a stream's events; these."""
        found: list[Event] = []

        async def holds() -> bool:
            found[:] = await self.read(stream)
            return bool(condition(found))

        await eventually(holds, seconds=seconds, every_seconds=LOOK_SECONDS)
        return found

    async def until_named(
        self, stream: str, name: str, *, count: int = 1, seconds: float = PATIENCE_SECONDS
    ) -> list[Event]:
        """Wait until a stream has so many events of a name."""
        return await self.until(
            stream, lambda events: len(named(events, name)) >= count, seconds=seconds
        )

    async def until_end(self, stream: str, *, seconds: float = PATIENCE_SECONDS) -> list[Event]:
        """Wait for a terminal event."""
        return await self.until(
            stream, lambda events: any(one.is_terminal for one in events), seconds=seconds
        )

    async def until_closed(self, stream: str, *, seconds: float) -> None:
        """As `until_end`, at less cost, and noticed a little later."""

        async def is_closed() -> bool:
            async with self._turn:
                return await self._connection.fetchval(IS_OPEN, UUID(stream)) == 0

        await eventually(is_closed, seconds=seconds, every_seconds=0.1)


def named(events: Sequence[Event], *names: str) -> list[Event]:
    """Those of these names."""
    return [event for event in events if event.name in names]


def worker_of(events: Sequence[Event]) -> str:
    """Who has claimed it last."""
    started: dict[str, Any] = named(events, "completion.started", "tool.started")[-1].data
    worker_id: str = started["worker_id"]
    return worker_id


def kept_text(events: Sequence[Event]) -> str:
    """The text that no interruption made void."""
    return "".join(event.data["text"] for event in kept_chunks(events))


def kept_chunks(events: Sequence[Event]) -> list[Event]:
    """The chunks of the text that no interruption made void."""
    chunks: list[Event] = []
    for event in events:
        if event.name == "completion.chunk" and event.data["kind"] == "text":
            chunks.append(event)
        elif event.name == "completion.interrupted":
            chunks = [one for one in chunks if one.position <= event.data["kept_through"]]
    return chunks
