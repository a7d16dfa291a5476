"""uvicorn's HTTP, where it must do more for streams and for clients of a server that leaves."""

import asyncio
import select
import socket
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LAST_WORD_SECONDS = 1.0
KEEP_ALIVE_SECONDS = 75  # longer than clients and proxies keep an idle connection (5 s, 60 s)


class Protocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`.

    Streams see a stalled client and can cut it: uvicorn alone lets 64 KiB wait without telling, and
    a socket with unsent bytes stay open. A request that is on its way when the server leaves, or
    would hang up on an idle connection, is answered: uvicorn alone loses it. And nothing waits for
    the client's acknowledgement of what was sent before (Nagle's algorithm, 40 ms): asyncio
    switches that off only for listeners that it has made itself.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._leaving = False
        self.timeout_keep_alive = KEEP_ALIVE_SECONDS

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=0)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {
            **self.app_state,
            "abort": transport.abort,
            "has_taken_all": lambda: transport.get_write_buffer_size() == 0,
        }

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """The answer to what has been asked, or is asked in the next moment, is the last one."""
        self._leaving = True
        if self._is_idle():
            self.loop.call_later(LAST_WORD_SECONDS, self.timeout_keep_alive_handler)
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Hang up, unless something has come that has not been read yet."""
        if self._is_idle() and not self.transport.is_closing():
            client = self.transport.get_extra_info("socket")
            if not is_readable(client.fileno()):
                self.transport.close()

    def _is_idle(self) -> bool:
        asked = self.cycle is not None  # pyright: ignore[reportUnnecessaryComparison]
        return not asked or self.cycle.response_complete


def is_readable(file: int) -> bool:
    """Does something wait in a socket, or somebody at a listener?"""
    waiting = select.poll()
    waiting.register(file, select.POLLIN)
    return any(found & select.POLLIN for _, found in waiting.poll(0))
