"""The HTTP side of the model provider: an ASGI application on a uvicorn thread of its own."""

import asyncio
import json
import os
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Self

from tests.model_server.exchange import Exchange, Ledger
from tests.model_server.play import play, send_json
from tests.model_server.script import Script, script_in
from tests.model_server.turn import PATHS, turn_of
from tests.model_server.validity import complaints
from tests.server_thread import ServerThread


class ModelServer:
    """`with ModelServer() as server:` serves on `server.url` until the block ends.

    Which script a request plays: the one in its last user message, else the first of `next`, else
    `script`; the last two may be changed at any time. What happened is in `ledger`.

    A request that its provider would not accept is answered as the provider does, with 400, and
    leaving the block raises what was wrong with it, unless a test has cleared `ledger.complaints`.

    `key_pattern` finds in a body what the open requests are counted by; the first match counts, its
    group 1 if it has one.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        port: int = 0,
        key_pattern: bytes = rb"conversation:([\w-]+)",
        keep: bool = True,
        keep_alive_seconds: int = 5,
    ) -> None:
        self.script = script or Script()
        self.next: deque[Script] = deque()
        self.ledger = Ledger(keep=keep)
        self._key_pattern = re.compile(key_pattern)
        self._tries: Counter[tuple[str, int]] = Counter()
        self._server = ServerThread(
            self, name="model server", port=port, keep_alive_seconds=keep_alive_seconds
        )
        self.url = self._server.url

    @property
    def exchanges(self) -> list[Exchange]:
        return self.ledger.exchanges

    @property
    def environment(self) -> dict[str, str]:
        """The variables that send the providers' clients here."""
        return environment(self.url)

    def serve(self) -> None:
        """Blocks until SIGINT or SIGTERM, or until the block of `with` ends."""
        self._server.serve()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._server.stop()
        assert kind or not self.ledger.complaints, self.ledger.complaints

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = await _body(receive)
        if body is None:  # who asked was gone before the request was whole
            return
        if protocol := PATHS.get(scope["path"]):
            headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
            await _settle()
            exchange = self.ledger.arrive(protocol, self._key(body), body, headers)
            await self._answer(exchange, receive, send)
        elif scope["path"] == "/summary":
            await send_json(send, 200, body=self.ledger.summary())
        elif scope["path"] == "/script":
            self.script = Script.of(json.loads(body))
            await send_json(send, 200, body={})
        else:
            await send_json(send, 404, body={})

    def _key(self, body: bytes) -> str:
        found = self._key_pattern.search(body)
        return found[found.lastindex or 0].decode() if found else ""

    def _script_for(self, exchange: Exchange) -> Script:
        try:
            request = exchange.json
            turn = turn_of(request)
            exchange.model, exchange.step = request["model"], turn.step
            chosen = script_in(turn.text)
        except (KeyError, TypeError, ValueError) as error:
            return Script(status=400, body={"error": {"message": f"bad script: {error!r}"}})
        if exchange.complaints:
            return Script(refuse="invalid", body="; ".join(exchange.complaints))
        if chosen is None:
            chosen = self.next.popleft() if self.next else self.script
        script = chosen.at(turn.step)
        if script.times is None:
            return script
        self._tries[turn.text, turn.step] += 1
        return script if self._tries[turn.text, turn.step] <= script.times else script.mended()

    async def _answer(self, exchange: Exchange, receive: Any, send: Any) -> None:
        """Plays the script, and stops as soon as the client hangs up."""
        exchange.complaints = complaints(exchange.protocol, exchange.body)
        self.ledger.complaints += exchange.complaints
        script = self._script_for(exchange)
        playing = asyncio.ensure_future(play(script, exchange, ledger=self.ledger, send=send))
        hanging_up = asyncio.ensure_future(_hung_up(receive))
        try:
            await asyncio.wait({playing, hanging_up}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()
        finally:
            self.ledger.finish(exchange, "hung up")
            playing.cancel()
            hanging_up.cancel()


def environment(url: str) -> dict[str, str]:
    return {
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": "sk-test",
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": "sk-ant-test",
    }


def as_provider(url: str) -> AbstractContextManager[None]:
    """Models that this process resolves while the block runs are asked at `url`."""
    return _environment(environment(url))


def without_provider() -> AbstractContextManager[None]:
    """No model can be resolved while the block runs."""
    return _environment(dict.fromkeys(environment("")))


@contextmanager
def _environment(changes: Mapping[str, str | None]) -> Generator[None]:
    before = dict(os.environ)
    os.environ.update({name: value for name, value in changes.items() if value is not None})
    for name in [name for name, value in changes.items() if value is None]:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def _body(receive: Any) -> bytes | None:
    chunks = list[bytes]()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _settle() -> None:
    """Lets a hang-up that came before this request be seen before it is counted."""
    for _ in range(8):
        await asyncio.sleep(0)


async def _hung_up(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def until(condition: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Returns once the condition holds. AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        await asyncio.sleep(0.002)
