"""A conversation as it goes on, written to a page: what changed, as often as is worth while."""

import asyncio
import random
from contextlib import suppress
from uuid import UUID

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.ports import LogUnavailable
from infrastructure.relay.hub import Hub
from infrastructure.relay.subject import ThreadEvents
from infrastructure.relay.subscription import Arrived, CaughtUp, HubIsClosed, Item, Subscription
from interfaces.admin.live.frames import BEAT, CONNECTED, frame_bytes
from interfaces.admin.live.shown_page import ShownPage
from interfaces.http.lasting import (
    HEADERS,
    LIMITS,
    ClientIsStalled,
    Connection,
    Question,
    StreamLimits,
)


class ConversationStream(Response):
    """Whatever may refuse was asked before. One task; it holds no connection to a database.

    At the end of its life, at shutdown, and when the log is away just when it is needed, it ends
    and pages resume. It is broken off for a reader who may read no longer, and for one that stalls.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: Hub,
        page: ShownPage,
        *,
        owner_id: UUID,
        is_allowed: Question,
        limits: StreamLimits = LIMITS,
    ) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers(HEADERS)
        self._hub = hub
        self._page = page
        self._owner_id = owner_id
        self._is_allowed = is_allowed
        self._limits = limits
        self._recheck_at = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection(scope, receive, send, send_seconds=self._limits.send_seconds)
        async with connection.while_open():
            is_whole = True
            try:
                await connection.start(self)
                is_whole = await self._stream(connection)
            except ClientIsStalled:
                is_whole = False
            except (HubIsClosed, LogUnavailable):
                pass
            await (connection.end() if is_whole else connection.cut())

    async def _stream(self, connection: Connection) -> bool:
        """Write until the end; is the reader welcome to come back?"""
        await connection.write(b": threadlog\nretry: %d\n\n" % random.randint(500, 1500))  # noqa: S311
        await connection.write(frame_bytes(CONNECTED) + self._page.beginning())
        clock = asyncio.get_running_loop().time
        self._recheck_at = clock() + self._limits.recheck_seconds
        ends_at = clock() + self._limits.life_seconds * random.uniform(1, 1.2)  # noqa: S311
        async with self._hub.subscribe(
            ThreadEvents(self._page.thread_id),
            owner_id=self._owner_id,
            after=self._page.position,
            tick_seconds=self._limits.comment_seconds / 3,
        ) as subscription:
            caught_up = False
            while clock() < ends_at:
                due = self._page.next_at if caught_up else None
                item = await _next(subscription, until=due)
                if not await self._may_go_on(clock()):
                    return False
                caught_up = caught_up or isinstance(item, CaughtUp)
                await self._show(item, connection, may_write=caught_up)
        return True

    async def _show(self, item: Item | None, connection: Connection, *, may_write: bool) -> None:
        """Not while there is more of what the page has missed: that is told at once."""
        if isinstance(item, Arrived):
            await self._page.hear(item.events)
            item.events.clear()  # the list is ours, and a slow client is to hold all this once
        now, due = asyncio.get_running_loop().time(), self._page.next_at
        if may_write and due is not None and due <= now:
            await self._page.typeset()
            await connection.write(self._page.changes(at=now))
        elif connection.silent_seconds > self._limits.comment_seconds / 2:
            await connection.write(frame_bytes(BEAT))

    async def _may_go_on(self, now: float) -> bool:
        """Asked before each write, so that nothing is written on an old answer."""
        if now < self._recheck_at:
            return True
        with suppress(LogUnavailable):
            if not await self._is_allowed():
                return False
            self._recheck_at = now + self._limits.recheck_seconds
        return True


async def _next(subscription: Subscription, *, until: float | None) -> Item | None:
    """The next item; None at a moment of the loop's clock that comes first. Nothing is lost."""
    try:
        async with asyncio.timeout_at(until):
            return await anext(subscription)
    except TimeoutError:
        return None
