"""An answer that takes longer than a page may: it is made while it is sent."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Later(Response):
    """Let everything that can be refused be refused before."""

    def __init__(self, make: Callable[[], Awaitable[Response]]) -> None:
        super().__init__()
        self._make = make

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._make()
        await answer(scope, receive, send)
