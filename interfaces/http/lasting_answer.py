"""The frame of answers that last: how they begin and end, and what is asked again meanwhile."""

import asyncio
import random
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from application.ports import LogUnavailable
from interfaces.http.lasting import HEADERS, ClientIsStalled, Connection, Question, StreamLimits


class LastingAnswer(Response, ABC):
    """Written bit by bit, and broken off for a client that stalls; refusals come before it.

    `place` is held as long as the answer lasts; what that raises is the answer instead.
    """

    def __init__(
        self,
        *,
        place: AbstractContextManager[None],
        limits: StreamLimits,
        media_type: str = "text/event-stream",
    ) -> None:
        self.status_code = 200
        self.background = None
        self.media_type = media_type
        self.init_headers(HEADERS)
        self._place = place
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection(scope, receive, send, send_seconds=self._limits.send_seconds)
        with self._place:
            await self._answer(connection)

    async def _answer(self, connection: Connection) -> None:
        async with connection.while_open():
            try:
                await connection.start(self)
                is_whole = await self._fill(connection)
            except ClientIsStalled:
                is_whole = False
            await (connection.end() if is_whole else connection.cut())

    @abstractmethod
    async def _fill(self, connection: Connection) -> bool:
        """Write until the end; may the client take it for one?"""


class Permission:
    """A reader's right to read on: asked again every so often, and given while nobody can tell."""

    def __init__(
        self, is_allowed: Question | None, *, every_seconds: float, again_seconds: float = 0.0
    ) -> None:
        self._is_allowed = is_allowed
        self._every_seconds = every_seconds
        self._again_seconds = again_seconds  # when the log was away
        self._clock = asyncio.get_running_loop().time
        self.ask_at = self._clock() + every_seconds  # on the loop's clock

    async def holds(self) -> bool:
        """Look before each write, so that nothing is written on an old answer."""
        now = self._clock()
        if self._is_allowed is None or now < self.ask_at:
            return True
        self.ask_at = now + self._again_seconds
        with suppress(LogUnavailable):
            if not await self._is_allowed():
                return False
            self.ask_at = now + self._every_seconds
        return True


def stream_begins(*, least_ms: int, most_ms: int) -> bytes:
    """The first bytes of an event stream: how long clients wait before they come again."""
    return b": threadlog\nretry: %d\n\n" % random.randint(least_ms, most_ms)  # noqa: S311
