"""uvicorn's HTTP, where it must do more for streams and for clients of a server that leaves."""

import asyncio
import select
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LAST_WORD_SECONDS = 1.0


class Protocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`.

    Streams see a stalled client and can cut it: uvicorn alone lets 64 KiB wait without telling, and
    a socket with unsent bytes stay open. And a request that is on its way when the server leaves
    is answered: uvicorn alone hangs up at once on all connections that are idle.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._leaving = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        self.app_state = {**self.app_state, "abort": transport.abort}

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The answer to what has been asked, or is asked in the next moment, is the last one."""
        self._leaving = True
        if self._is_idle():
            self.loop.call_later(LAST_WORD_SECONDS, self._hang_up)
        else:
            super().shutdown()

    def _hang_up(self) -> None:
        socket = self.transport.get_extra_info("socket")
        if self._is_idle() and not self.transport.is_closing() and not is_readable(socket.fileno()):
            self.transport.close()

    def _is_idle(self) -> bool:
        asked = self.cycle is not None  # pyright: ignore[reportUnnecessaryComparison]
        return not asked or self.cycle.response_complete


def is_readable(file: int) -> bool:
    """Does something wait in a socket, or somebody at a listener?"""
    waiting = select.poll()
    waiting.register(file, select.POLLIN)
    return any(found & select.POLLIN for _, found in waiting.poll(0))
