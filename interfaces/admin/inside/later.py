"""An answer that takes longer than a page may: it is made while it is sent."""

from collections.abc import Awaitable, Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Later(Response):
    """`refused` makes the answer where that fails; the route has answered by then."""

    def __init__(
        self,
        make: Callable[[], Awaitable[Response]],
        *,
        refused: Callable[[Exception], Response],
    ) -> None:
        super().__init__()
        self._make = make
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._make()
        except Exception as error:  # noqa: BLE001  # the person is told
            answer = self._refused(error)
        await answer(scope, receive, send)
