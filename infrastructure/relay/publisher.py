"""Sends committed events to whoever reads them live: best effort, in order, in nobody's way."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from redis.asyncio import Redis
from redis.exceptions import RedisError

from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.events import ThreadStreamEvent, channel_of, pack, stream_event
from infrastructure.relay.frames import BrokenEnvelope
from infrastructure.tasks import end

logger = logging.getLogger(__name__)

BACKLOG_BYTES = 8 * 1024 * 1024
APPENDS_AT_ONCE = 100
PAUSE_SECONDS = 0.5
FAREWELL_SECONDS = 1.0


class Publisher:
    """One for a process that appends. Whatever it drops, readers find in the log."""

    def __init__(self, redis: Redis, *, prefix: str = "") -> None:
        self._redis = redis
        self._prefix = prefix
        self._backlog: deque[Sequence[LogEntry]] = deque()
        self._backlog_bytes = 0
        self._dropped = 0
        self._is_away = False
        self._ready = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to send; call it on the event loop. Redis may be away."""
        self._task = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Send what waits, for a second at most. Safe to repeat."""
        self._closing = True
        self._ready.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=FAREWELL_SECONDS)
            await end({self._task})

    def publish(self, entries: Sequence[LogEntry]) -> None:
        """Take the events of one append once they are committed; call it in the order of appends.

        Never waits, never fails. Events without thread or owner concern no reader.
        """
        self._backlog.append(entries)
        self._backlog_bytes += _size(entries)
        while self._backlog_bytes > BACKLOG_BYTES:
            self._backlog_bytes -= _size(self._backlog.popleft())
            self._dropped += 1
        self._ready.set()

    async def _work(self) -> None:
        while self._backlog or not self._closing:
            await self._ready.wait()
            self._ready.clear()
            while self._backlog:
                await self._send(self._take())

    def _take(self) -> list[Sequence[LogEntry]]:
        count = min(len(self._backlog), APPENDS_AT_ONCE)
        appends = [self._backlog.popleft() for _ in range(count)]
        self._backlog_bytes -= sum(map(_size, appends))
        return appends

    async def _send(self, appends: Sequence[Sequence[LogEntry]]) -> None:
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for entries in appends:
                    for channel, message in self._messages(entries):
                        pipe.publish(channel, message)  # pyright: ignore[reportUnknownMemberType]
                await pipe.execute()
        except (RedisError, OSError) as error:
            if not self._is_away:
                logger.warning("Redis is away: readers get new events from the log (%r)", error)
            self._is_away = True
            self._dropped += len(appends)
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            if self._is_away:
                logger.info("Redis is back: %d appends were not published", self._dropped)
            self._is_away = False
            self._dropped = 0

    def _messages(self, entries: Sequence[LogEntry]) -> Iterator[tuple[str, bytes]]:
        """Channel and message for each owner."""
        by_channel: defaultdict[str, list[ThreadStreamEvent]] = defaultdict(list)
        for entry in entries:
            if entry.owner_id is not None and entry.thread_id is not None:
                try:
                    event = stream_event(entry)
                except BrokenEnvelope:
                    logger.exception("an event that no reader can be given")
                    continue
                by_channel[channel_of(entry.owner_id, prefix=self._prefix)].append(event)
        for channel, events in by_channel.items():
            yield channel, pack(events)


def _size(entries: Sequence[LogEntry]) -> int:
    return sum(200 + len(entry.state) for entry in entries)
