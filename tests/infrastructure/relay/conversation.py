"""What the tests of live streams write with: a process with a log, a publisher and a hub."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from application.ports import LogUnavailable, StreamAppend
from domain.completion_events import (
    Answer,
    Chunk,
    CompletionCancelled,
    CompletionFinished,
    CompletionRequested,
    MessageRecorded,
    Usage,
)
from domain.thread_events import ThreadRenamed, ThreadStarted
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.log import PostgresEventLog
from infrastructure.event_log.reader import LogReader
from infrastructure.migrations.runner import migrate
from infrastructure.redis_client import connect_redis
from infrastructure.relay.hub import Hub
from infrastructure.relay.publisher import Publisher
from infrastructure.relay.subject import ThreadEvents
from tests.servers import new_database

DEADLINE_SECONDS = 20.0


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


async def migrated_database(postgres: EmbeddedPostgres) -> str:
    """The runtime's url of a database of its own."""
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    return url


class Conversation:
    """One thread with one answer that never ends, unless a test ends it."""

    def __init__(self, log: PostgresEventLog, *, owner_id: UUID | None = None) -> None:
        self.log = log
        self.thread_id = uuid4()
        self.owner_id = owner_id or uuid4()
        self.completion_id = uuid4()
        self._versions: dict[UUID, int] = {}

    @property
    def subject(self) -> ThreadEvents:
        """What its readers subscribe to."""
        return ThreadEvents(self.thread_id)

    async def start(self) -> None:
        """Two events: a thread and a completion."""
        await self.write(self.thread_id, ThreadStarted(owner_id=self.owner_id, agent="test"))
        await self.start_answer()

    async def start_answer(self) -> None:
        """The second of them."""
        asked = CompletionRequested(self.thread_id, message_id=uuid4(), agent="test")
        await self.write(self.completion_id, asked)

    async def say(self, *texts: str) -> list[int]:
        """A chunk for each text, in one append; their positions."""
        return await self.write(self.completion_id, *(_chunk(text) for text in texts))

    async def record(self, *, times: int = 1) -> list[int]:
        """Events that no client sees."""
        message = MessageRecorded(attempt=1, step=1, message={"kind": "response"})
        return await self.write(self.completion_id, *[message] * times)

    async def rename(self, title: str) -> list[int]:
        return await self.write(self.thread_id, ThreadRenamed(title=title))

    async def finish(self) -> list[int]:
        return await self.write(self.completion_id, CompletionFinished(1, answer=_answer()))

    async def cancel(self) -> list[int]:
        return await self.write(self.completion_id, CompletionCancelled(1, answer=_answer()))

    async def write(self, stream_id: UUID, *events: object) -> list[int]:
        version = self._versions.get(stream_id, 0)
        append = StreamAppend(
            stream_id,
            version,
            events,  # pyright: ignore[reportArgumentType]
            thread_id=self.thread_id,
            owner_id=self.owner_id,
        )
        recorded = await self.log.append(append, actor="worker:test")
        self._versions[stream_id] = version + len(events)
        return [event.position for event in recorded]

    async def positions(self, *, after: int = 0, public: bool = True) -> list[int]:
        """What the log has."""
        entries = await self.log.reader.read_thread_public(self.thread_id, after=after)
        return [entry.position for entry in entries if entry.state or not public]

    async def write_slowly(self, count: int, *, chance: random.Random) -> None:
        """Now one chunk, now several, now something internal, and in the end a terminal event."""
        for number in range(count):
            match chance.randrange(10):
                case 0:
                    await self.record()
                case 1:
                    await self.say("a", "b", "c")
                case _:
                    await self.say(str(number))
            await asyncio.sleep(chance.random() * 0.004)
        await self.finish()


class WatchedLog:
    """The real reads, counted; and away when a test says so."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.is_away = False
        self.page_reads = 0
        self.tail_reads = 0
        self.under_way = 0
        self.most_under_way = 0

    async def read_thread_public(
        self, thread_id: UUID, *, after: int, limit: int
    ) -> list[LogEntry]:
        return await self._page(
            self._reader.read_thread_public(thread_id, after=after, limit=limit)
        )

    async def read_owner_public(
        self, owner_id: UUID, *, follow: Collection[UUID], after: int, limit: int
    ) -> list[LogEntry]:
        return await self._page(
            self._reader.read_owner_public(owner_id, follow=follow, after=after, limit=limit)
        )

    async def _page(self, reading: Coroutine[None, None, list[LogEntry]]) -> list[LogEntry]:
        if self.is_away:
            reading.close()
        self._answer()
        self.page_reads += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            return await reading
        finally:
            self.under_way -= 1

    async def thread_tails(self, thread_ids: Sequence[UUID]) -> dict[UUID, int]:
        self._answer()
        self.tail_reads += 1
        return await self._reader.thread_tails(thread_ids)

    async def owner_tails(self, owner_ids: Sequence[UUID]) -> dict[UUID, int]:
        self._answer()
        self.tail_reads += 1
        return await self._reader.owner_tails(owner_ids)

    def _answer(self) -> None:
        if self.is_away:
            raise LogUnavailable("away for a test")


class House:
    """One process that writes and publishes, and another one's hub, on real servers."""

    def __init__(self, url: str, *, redis_url: str) -> None:
        self.prefix = f"test-{uuid4().hex}:"
        self.redis_url = redis_url
        self.url = url
        self.redis = connect_redis(redis_url)
        self.publisher = Publisher(self.redis, prefix=self.prefix)
        self.loss = 0.0  # of the publishes, by chance; 1.0 for all
        self.unpublished: list[Sequence[LogEntry]] = []
        self.chance = random.Random(1)
        self.log = PostgresEventLog(url, on_commit=self._publish, connections=8)
        self.watched = WatchedLog(self.log.reader)
        self.hub = Hub(self.redis, self.watched, prefix=self.prefix)

    @asynccontextmanager
    async def another_hub(self) -> AsyncGenerator[Hub]:
        """Another API process, as far as the relay is concerned."""
        redis = connect_redis(self.redis_url)
        hub = Hub(redis, self.watched, prefix=self.prefix)
        hub.start()
        try:
            yield hub
        finally:
            await hub.close()
            await redis.aclose()

    async def converse(self, *, owner_id: UUID | None = None) -> Conversation:
        """A thread that has begun."""
        conversation = Conversation(self.log, owner_id=owner_id)
        await conversation.start()
        return conversation

    def _publish(self, entries: Sequence[LogEntry]) -> None:
        if self.chance.random() >= self.loss:
            self.publisher.publish(entries)
        else:
            self.unpublished.append(entries)


@asynccontextmanager
async def open_house(url: str, *, redis_url: str) -> AsyncGenerator[House]:
    house = House(url, redis_url=redis_url)
    house.publisher.start()
    house.hub.start()
    try:
        async with house.log:
            yield house
    finally:
        await house.hub.close()
        await house.publisher.close()
        await house.redis.aclose()


def _chunk(text: str) -> Chunk:
    return Chunk(attempt=1, step=1, part=0, kind="text", text=text, deltas=((len(text), 0),))


def _answer() -> Answer:
    return Answer(text="", characters=0, sha256="", usage=Usage())
