"""Events as Server-Sent Events: what the log has, then live, for a bounded time."""

import asyncio
from collections.abc import Collection
from contextlib import AbstractContextManager, suppress
from uuid import UUID

from application.ports import LogUnavailable
from domain.catalogue import TERMINAL_NAMES
from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.hub import Hub
from infrastructure.relay.subject import Subject
from infrastructure.relay.subscription import (
    Arrived,
    CaughtUp,
    HubIsClosed,
    Item,
    Subscription,
    Tick,
)
from infrastructure.relay.visible import VisibleEvents
from interfaces.http.lasting import LIMITS, Connection, Question, StreamLimits
from interfaces.http.lasting_answer import LastingAnswer, Permission, stream_begins


class EventStream(LastingAnswer):
    """The live form of `get_events` and `get_own_events`; whatever may refuse was asked before.

    `names`: show only these events. `is_idle`: end when it says so and the log has nothing more.
    `is_allowed`: may the reader still read? Both questions are asked again after LogUnavailable.
    At the end of its life, and at shutdown, it ends cleanly and clients resume. One that was to
    end when idle is broken off instead, or half an answer would look like the whole.
    """

    def __init__(
        self,
        hub: Hub,
        *,
        place: AbstractContextManager[None],
        subject: Subject,
        owner_id: UUID,
        after: int,
        names: Collection[str] | None = None,
        is_idle: Question | None = None,
        is_allowed: Question | None = None,
        limits: StreamLimits = LIMITS,
    ) -> None:
        super().__init__(place=place, limits=limits)
        self._hub = hub
        self._subject = subject
        self._owner_id = owner_id
        self._after = after
        self._visible = VisibleEvents(names)
        self._is_idle = is_idle
        self._is_allowed = is_allowed
        self._caught_up = False
        self._ask_idle = False

    async def _fill(self, connection: Connection) -> bool:
        try:
            return await self._stream(connection)
        except HubIsClosed:
            return self._is_idle is None

    async def _stream(self, connection: Connection) -> bool:
        await connection.write(stream_begins(least_ms=1000, most_ms=3000))
        permission = Permission(self._is_allowed, every_seconds=self._limits.recheck_seconds)
        clock = asyncio.get_running_loop().time
        ends_at = self._limits.end_of_life(clock())
        async with self._hub.subscribe(
            self._subject,
            owner_id=self._owner_id,
            after=self._after,
            tick_seconds=self._limits.tick_seconds,
        ) as subscription:
            async for item in subscription:
                if not await permission.holds():
                    return False
                await self._write(item, connection)
                is_over = await self._is_over(subscription)
                if is_over or clock() >= ends_at:
                    await connection.write(self._visible.cursor())
                    return is_over or self._is_idle is None
        raise AssertionError("a subscription ends with HubIsClosed")

    async def _write(self, item: Item, connection: Connection) -> None:
        match item:
            case Arrived(events):
                self._ask_idle |= any(map(_may_end_the_work, events))
                body = self._visible.blocks(events)
                events.clear()  # the list is ours, and a slow client is to hold all this once
                await connection.write(body)
            case CaughtUp(position):
                await connection.write(b'event: sync\ndata: {"position":%d}\n\n' % position)
                self._caught_up = self._ask_idle = True
            case Tick():
                if self._limits.wants_comment(connection.silent_seconds):
                    await connection.write(self._visible.cursor() or b":\n\n")

    async def _is_over(self, subscription: Subscription) -> bool:
        """Idle first, then the tail: what is idle and has no later event was idle at that event."""
        if self._is_idle is None or not self._caught_up or not self._ask_idle:
            return False
        with suppress(LogUnavailable):
            self._ask_idle = await self._is_idle()
            return self._ask_idle and await subscription.is_at_tail()
        return False


def _may_end_the_work(event: ThreadStreamEvent) -> bool:
    return event.name in TERMINAL_NAMES or event.name.startswith("thread.")
