"""An ASGI application on a port of its own, served by a thread of its own."""

import socket
import threading
from typing import Any

import uvicorn

START_SECONDS = 10.0


class _Server(uvicorn.Server):
    """Tells when it listens, or never will."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.decided = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.decided.set()


class ServerThread:
    """Listens on `url` from the beginning; answers between `start` and `stop`."""

    def __init__(self, app: Any, *, name: str, port: int = 0, keep_alive_seconds: int = 5) -> None:
        self._name = name
        self._listener = socket.create_server(("127.0.0.1", port), backlog=2048)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._server = _Server(
            uvicorn.Config(
                app,
                log_level="critical",
                lifespan="off",
                ws="none",
                timeout_graceful_shutdown=1,
                timeout_keep_alive=keep_alive_seconds,
            )
        )

    def serve(self) -> None:
        """Blocks until SIGINT or SIGTERM, or until `stop`."""
        self._server.run(sockets=[self._listener])

    def start(self) -> None:
        """Returns when it answers."""
        self._thread = threading.Thread(target=self.serve, name=self._name, daemon=True)
        self._thread.start()
        self._server.decided.wait(START_SECONDS)
        assert self._server.started, f"the {self._name} did not start"

    def stop(self) -> None:
        """Returns when nothing is served any more."""
        self._server.should_exit = True
        self._thread.join(10)
