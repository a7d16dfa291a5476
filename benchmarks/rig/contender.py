"""Two ways to the same answer, to be measured side by side: Threadlog, and nothing but a stream."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Protocol

from benchmarks.rig.direct import Direct, text_of
from benchmarks.rig.processor import used_by_role
from benchmarks.rig.system import System
from benchmarks.rig.wire import Received, request
from tests.system.client import ENDINGS


@dataclass(frozen=True)
class Piece:
    """Some of an answer's text; `at` is when it was at the client, in nanoseconds since 1970."""

    at: int
    text: str


class Contender(Protocol):
    """What can answer a question, and the processes that it takes."""

    name: str

    def pieces(self, question: str) -> AsyncGenerator[Piece]:
        """The text as it comes, until the answer is finished; closing it ends the answer.

        AssertionError when the answer ends in any other way.
        """
        ...

    def cpu_seconds(self) -> dict[str, float]:
        """Used so far, by role; databases included."""
        ...


class Baseline:
    """FastAPI and pydantic-ai straight into an event stream, nothing kept."""

    name = "baseline"

    def __init__(self, direct: Direct) -> None:
        self._direct = direct

    async def pieces(self, question: str) -> AsyncGenerator[Piece]:
        async with request(self._direct.url, key="none", body={"text": question}) as answer:
            async for received in answer.events():
                yield Piece(received.at, text_of(received))

    def cpu_seconds(self) -> dict[str, float]:
        return used_by_role({"server": self._direct.processes})


class Threadlog:
    """The whole system; each answer is asked for in a thread of its own, by one of some users."""

    name = "threadlog"

    def __init__(self, system: System, keys: Sequence[str]) -> None:
        self._system = system
        self._keys = cycle(keys)

    async def pieces(self, question: str) -> AsyncGenerator[Piece]:
        key, threads = next(self._keys), f"{self._system.url}/v1/threads"
        async with request(threads, key=key, body={"message": {"text": question}}) as answer:
            started = await answer.json()
        ended = False
        try:
            stream = f"{threads}/{started['thread_id']}/events"
            async with request(stream, key=key) as answer:
                async for received in answer.events():
                    if received.name in ENDINGS:
                        assert received.name == "completion.finished", received.data
                        ended = True
                        return
                    if received.name == "completion.chunk":
                        yield Piece(received.at, said_in(received))
        finally:
            if not ended:
                cancel = f"{self._system.url}/v1/completions/{started['completion_id']}/cancel"
                async with request(cancel, key=key, body={}) as answer:
                    await answer.json()

    def cpu_seconds(self) -> dict[str, float]:
        return used_by_role(self._system.processes())


def said_in(chunk: Received) -> str:
    """The text of a chunk; AssertionError when it is of another kind."""
    data = chunk.seen.data
    assert data["kind"] == "text", data
    text: str = data["text"]
    return text
