"""An API that leaves answers who has just knocked."""

import asyncio
import signal
from typing import Any, cast

import uvicorn

from infrastructure.relay.hub import Hub
from interfaces.api import Server, listen
from interfaces.http.protocol import Protocol

KNOCKING = 20


async def alive(_: Any, receive: Any, send: Any) -> None:
    await receive()
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


class LastMoment:
    """In the place of the hub, which is closed first: clients come at that moment."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.asking: list[asyncio.Task[bytes]] = []

    async def close(self) -> None:
        self.asking = [asyncio.create_task(self._ask()) for _ in range(KNOCKING)]
        await asyncio.sleep(0)

    async def _ask(self) -> bytes:
        receiving, sending = await asyncio.open_connection("127.0.0.1", self._port)
        sending.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        answer = await receiving.read()
        sending.close()
        return answer


async def test_who_knocks_while_the_api_leaves_is_answered_and_told_that_it_is_the_last() -> None:
    listener = listen("127.0.0.1", 0)
    hub = LastMoment(listener.getsockname()[1])
    config = uvicorn.Config(alive, http=Protocol, lifespan="off", ws="none", log_config=None)
    server = Server(config, cast("Hub", hub), leaving=asyncio.Event())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110  # uvicorn tells nobody
        await asyncio.sleep(0.005)
    server.should_exit = True
    await asyncio.wait_for(serving, 20)
    for name in (signal.SIGTERM, signal.SIGINT):  # which belong to pytest
        asyncio.get_running_loop().remove_signal_handler(name)
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*hub.asking)
    assert len(answers) == KNOCKING
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert b"connection: close" in answer, answer
