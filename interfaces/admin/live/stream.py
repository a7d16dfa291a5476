"""A conversation as it goes on, written to a page: what changed, as often as is worth while."""

import asyncio
from contextlib import AbstractContextManager
from uuid import UUID

from application.ports import LogUnavailable
from infrastructure.relay.hub import Hub
from infrastructure.relay.subject import ThreadEvents
from infrastructure.relay.subscription import Arrived, CaughtUp, HubIsClosed, Item, Subscription
from interfaces.admin.live.frames import BEAT, CONNECTED, frame_bytes
from interfaces.admin.live.shown_page import ShownPage
from interfaces.http.lasting import LIMITS, Connection, Question, StreamLimits
from interfaces.http.lasting_answer import LastingAnswer, Permission, stream_begins


class ConversationStream(LastingAnswer):
    """Whatever may refuse was asked before. One task; it holds no connection to a database.

    At the end of its life, at shutdown, and when the log is away just when it is needed, it ends
    and pages resume. It is broken off for a reader who may read no longer, and for one that stalls.
    """

    def __init__(
        self,
        hub: Hub,
        page: ShownPage,
        *,
        place: AbstractContextManager[None],
        owner_id: UUID,
        is_allowed: Question,
        limits: StreamLimits = LIMITS,
    ) -> None:
        super().__init__(place=place, limits=limits)
        self._hub = hub
        self._page = page
        self._owner_id = owner_id
        self._is_allowed = is_allowed

    async def _fill(self, connection: Connection) -> bool:
        """Write until the end; is the reader welcome to come back?"""
        try:
            return await self._stream(connection)
        except (HubIsClosed, LogUnavailable):
            return True

    async def _stream(self, connection: Connection) -> bool:
        await connection.write(stream_begins(least_ms=500, most_ms=1500))
        await connection.write(frame_bytes(CONNECTED) + self._page.beginning())
        permission = Permission(self._is_allowed, every_seconds=self._limits.recheck_seconds)
        clock = asyncio.get_running_loop().time
        ends_at = self._limits.end_of_life(clock())
        async with self._hub.subscribe(
            ThreadEvents(self._page.thread_id),
            owner_id=self._owner_id,
            after=self._page.position,
            tick_seconds=self._limits.tick_seconds,
        ) as subscription:
            caught_up = False
            while clock() < ends_at:
                due = self._page.next_at if caught_up else None
                item = await _next(subscription, until=due)
                if not await permission.holds():
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
        elif self._limits.wants_comment(connection.silent_seconds):
            await connection.write(frame_bytes(BEAT))


async def _next(subscription: Subscription, *, until: float | None) -> Item | None:
    """The next item; None at a moment of the loop's clock that comes first. Nothing is lost."""
    try:
        async with asyncio.timeout_at(until):
            return await anext(subscription)
    except TimeoutError:
        return None
