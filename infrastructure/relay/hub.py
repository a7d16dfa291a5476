"""All live readers of one API process behind one Pub/Sub connection."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from redis.asyncio import Redis

from application.ports import LogUnavailable
from infrastructure.relay.channels import Channels
from infrastructure.relay.events import BrokenMessage, ThreadStreamEvent, channel_of, unpack
from infrastructure.relay.feed import Feed
from infrastructure.relay.pages import Pages
from infrastructure.relay.subject import LogReads, OwnerEvents, Subject, ThreadEvents
from infrastructure.relay.subscription import HubIsClosed, Subscription
from infrastructure.tasks import end

logger = logging.getLogger(__name__)

TAIL_SECONDS = 2.0
TAIL_SECONDS_IN_TROUBLE = 0.5
CONFIRMATION_SECONDS = 1.0
READS_AT_ONCE = 8


class Hub:
    """Redis carries the events; whatever it loses is found by arithmetic and read from the log.

    The tails of what somebody reads are looked up, all together, every TAIL_SECONDS, and at once
    for those whose channel has just been confirmed: what was published before that moment may be
    lost.
    """

    def __init__(self, redis: Redis, log: LogReads, *, prefix: str = "") -> None:
        self._prefix = prefix
        self._pages = Pages(log, at_once=READS_AT_ONCE)
        self._channels = Channels(
            redis,
            on_message=self._receive,
            on_confirmed=self._look_up_channel,
            on_away=self._look_up_all,
        )
        self._feeds: dict[Subject, Feed] = {}
        self._feeds_of: defaultdict[str, set[Feed]] = defaultdict(set)
        self._subscriptions: set[Subscription] = set()
        self._due: set[Feed] = set()
        self._asked = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._log_answers = True
        self._closed = False

    @property
    def is_live(self) -> bool:
        """Do events arrive by Redis? If not, they come by the log, within half a second."""
        return not self._closed and not self._channels.is_away

    def start(self) -> None:
        """Begin to listen; call it on the event loop. Redis may be away."""
        self._work(self._channels.run())
        self._work(self._watch_tails())

    async def close(self) -> None:
        """End every subscription with HubIsClosed, then everything else. Safe to repeat."""
        self._end_subscriptions()
        await end(set(self._tasks))

    @asynccontextmanager
    async def subscribe(
        self, subject: Subject, *, owner_id: UUID, after: int, tick_seconds: float = 5.0
    ) -> AsyncGenerator[Subscription]:
        """All events of the subject with a position greater than `after`, each once, in order.

        `after` is 0, a position of this thread, or any of the log before its end when the subject
        is a user; the caller knows the owner and has checked the right to read. Redis or log may be
        away at any time. Raises HubIsClosed.
        """
        if self._closed:
            raise HubIsClosed
        feed = self._feed(subject, channel=channel_of(owner_id, prefix=self._prefix))
        reader = Subscription(feed, self._pages, after=after, tick_seconds=tick_seconds)
        self._subscriptions.add(reader)
        feed.readers.add(reader)
        try:
            yield reader
        finally:
            reader.close()
            self._subscriptions.discard(reader)
            feed.readers.discard(reader)
            if not feed.readers:
                self._forget(feed)

    def _feed(self, subject: Subject, *, channel: str) -> Feed:
        feed = self._feeds.get(subject)
        if feed is None:
            feed = Feed(subject, channel=channel, pages=self._pages)
            self._feeds[subject] = feed
            self._feeds_of[channel].add(feed)
            self._channels.want(channel)
            if self._channels.is_confirmed(channel) or self._channels.is_away:
                self._look_up({feed})
            else:
                loop = asyncio.get_running_loop()
                loop.call_later(CONFIRMATION_SECONDS, self._look_up_unless_open, feed)
        return feed

    def _forget(self, feed: Feed) -> None:
        feed.close()
        self._due.discard(feed)
        del self._feeds[feed.subject]
        feeds = self._feeds_of[feed.channel]
        feeds.discard(feed)
        if not feeds:
            del self._feeds_of[feed.channel]
            self._channels.drop(feed.channel)

    def _receive(self, channel: str, message: bytes) -> None:
        try:
            events = unpack(message)
        except BrokenMessage:
            logger.warning("a message on a relay channel was not understood", exc_info=True)
            return
        by_thread: defaultdict[UUID, list[ThreadStreamEvent]] = defaultdict(list)
        for event in events:
            by_thread[event.thread_id].append(event)
        for thread_id, of_thread in by_thread.items():
            if (feed := self._feeds.get(ThreadEvents(thread_id))) is not None:
                feed.receive(of_thread)
        for feed in self._feeds_of.get(channel, ()):
            if isinstance(feed.subject, OwnerEvents):
                feed.receive(events)

    def _look_up(self, feeds: set[Feed]) -> None:
        self._due |= feeds
        self._asked.set()

    def _look_up_unless_open(self, feed: Feed) -> None:
        if not feed.is_open and feed.readers:
            self._look_up({feed})

    def _look_up_channel(self, channel: str) -> None:
        self._look_up(self._feeds_of.get(channel, set()))

    def _look_up_all(self) -> None:
        self._look_up(set(self._feeds.values()))

    async def _watch_tails(self) -> None:
        """Look up what is due when asked, and everything every so often."""
        loop = asyncio.get_running_loop()
        checked = loop.time()
        while True:
            well = self.is_live and self._log_answers
            next_check = checked + (TAIL_SECONDS if well else TAIL_SECONDS_IN_TROUBLE)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(next_check):
                    await self._asked.wait()
            self._asked.clear()
            due, self._due = self._due, set[Feed]()
            if loop.time() >= next_check:
                checked = loop.time()
                due = set(self._feeds.values())
            if due:
                await self._see_tails(due)

    async def _see_tails(self, feeds: set[Feed]) -> None:
        try:
            tails = await self._pages.tails(feed.subject for feed in feeds)
        except LogUnavailable as error:
            if self._log_answers:
                logger.warning("the log is away: live streams wait for it (%s)", error)
            self._log_answers = False
            return
        self._log_answers = True
        for feed in feeds:
            if feed.readers:
                feed.see_tail(tails[feed.subject])

    def _work(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._worked)

    def _worked(self, task: asyncio.Task[None]) -> None:
        """Neither task ends by itself: without them streams would be silent for ever."""
        self._tasks.discard(task)
        if not task.cancelled():
            logger.critical("the relay has stopped", exc_info=task.exception())
            self._end_subscriptions()

    def _end_subscriptions(self) -> None:
        self._closed = True
        for reader in self._subscriptions:
            reader.stop()
