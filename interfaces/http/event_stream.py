"""Events as Server-Sent Events: what the log has, then live, for a bounded time."""

import asyncio
import random
from collections.abc import Collection
from contextlib import suppress
from uuid import UUID

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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
from interfaces.http.lasting import (
    HEADERS,
    LIMITS,
    ClientIsStalled,
    Connection,
    Question,
    StreamLimits,
)


class EventStream(Response):
    """The live form of `get_events` and `get_own_events`; whatever may refuse was asked before.

    `names`: show only these events. `is_idle`: end when it says so and the log has nothing more.
    `is_allowed`: may the reader still read? Both questions are asked again after LogUnavailable.
    At the end of its life, and at shutdown, it ends cleanly and clients resume. One that was to
    end when idle is broken off instead, or half an answer would look like the whole.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: Hub,
        *,
        subject: Subject,
        owner_id: UUID,
        after: int,
        names: Collection[str] | None = None,
        is_idle: Question | None = None,
        is_allowed: Question | None = None,
        limits: StreamLimits = LIMITS,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(HEADERS)
        self._hub = hub
        self._subject = subject
        self._owner_id = owner_id
        self._after = after
        self._visible = VisibleEvents(names)
        self._is_idle = is_idle
        self._is_allowed = is_allowed
        self._limits = limits
        self._recheck_at = 0.0
        self._caught_up = False
        self._ask_idle = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection(scope, receive, send, send_seconds=self._limits.send_seconds)
        async with connection.while_open():
            try:
                await connection.start(self)
                is_whole = await self._stream(connection)
            except ClientIsStalled:
                is_whole = False
            except HubIsClosed:
                is_whole = self._is_idle is None
            await (connection.end() if is_whole else connection.cut())

    async def _stream(self, connection: Connection) -> bool:
        """Write until the end; may the client take it for one?"""
        await connection.write(b": threadlog\nretry: %d\n\n" % random.randint(1000, 3000))  # noqa: S311
        clock = asyncio.get_running_loop().time
        self._recheck_at = clock() + self._limits.recheck_seconds
        ends_at = clock() + self._limits.life_seconds * random.uniform(1, 1.2)  # noqa: S311
        async with self._hub.subscribe(
            self._subject,
            owner_id=self._owner_id,
            after=self._after,
            tick_seconds=self._limits.comment_seconds / 3,
        ) as subscription:
            async for item in subscription:
                if not await self._may_go_on(clock()):
                    return False
                await self._write(item, connection)
                is_over = await self._is_over(subscription)
                if is_over or clock() >= ends_at:
                    await connection.write(self._visible.cursor())
                    return is_over or self._is_idle is None
        raise AssertionError("a subscription ends with HubIsClosed")

    async def _may_go_on(self, now: float) -> bool:
        """Asked before each write, so that nothing is written on an old answer."""
        if self._is_allowed is None or now < self._recheck_at:
            return True
        with suppress(LogUnavailable):
            if not await self._is_allowed():
                return False
            self._recheck_at = now + self._limits.recheck_seconds
        return True

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
                if connection.silent_seconds > self._limits.comment_seconds / 2:
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
