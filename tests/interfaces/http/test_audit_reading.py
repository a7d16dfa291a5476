"""Long answers of an audit: their silences, and all the ways in which they end."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports import LogUnavailable
from interfaces.http.audit_reading import LongAnswer, Reading
from interfaces.http.lasting import StreamLimits
from interfaces.http.protocol import Protocol
from tests.interfaces.http.house import _Server  # pyright: ignore[reportPrivateUsage]

DEADLINE_SECONDS = 20.0
FOR_EVER = 3600.0


@dataclass
class Case:
    """One answer that says `begin` and then waits for ever, unless `reads` are to be tried."""

    limits: StreamLimits = field(default_factory=StreamLimits)
    allowed: list[bool] = field(default_factory=list[bool])  # by question; then as the last one
    away: int = 0  # how many reads find the log away
    leaving: asyncio.Event = field(default_factory=asyncio.Event)
    questions: int = 0

    async def is_allowed(self) -> bool:
        self.questions += 1
        return self.allowed.pop(0) if self.allowed else True

    async def read(self) -> bytes:
        if self.away:
            self.away -= 1
            raise LogUnavailable
        return b"read\n"

    async def write(self, reading: Reading) -> None:
        await reading.write(b"begin\n")
        if self.away:
            await reading.write(await reading.patiently(self.read))
            return
        await reading.wait_until(reading.clock() + FOR_EVER)

    async def route(self, _: Request) -> Response:
        return LongAnswer(
            self.write,
            place=nullcontext(),
            media_type="text/plain",
            is_allowed=self.is_allowed,
            leaving=self.leaving,
            silence=lambda: b"quiet\n",
            last_words=lambda: b"next\n",
            limits=self.limits,
        )


@asynccontextmanager
async def answering(case: Case) -> AsyncGenerator[httpx2.Response]:
    config = uvicorn.Config(
        Starlette(routes=[Route("/", case.route)]),
        http=Protocol,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = asyncio.create_task(server.serve(sockets=[listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        try:
            async with (
                asyncio.timeout(DEADLINE_SECONDS),
                httpx2.AsyncClient() as client,
                client.stream("GET", url) as answer,
            ):
                yield answer
        finally:
            server.should_exit = True
            await running


async def text_of(answer: httpx2.Response) -> tuple[str, str]:
    """What was written until the end, and how it ended."""
    text = ""
    try:
        async for more in answer.aiter_text():
            text += more
    except (httpx2.RemoteProtocolError, httpx2.ReadError):
        return text, "broken off"
    return text, "cleanly"


async def test_a_reader_who_may_no_longer_is_cut_off() -> None:
    limits = StreamLimits(recheck_seconds=0.05)
    async with answering(Case(limits, allowed=[True, True, False])) as answer:
        assert await text_of(answer) == ("begin\n", "broken off")


async def test_a_long_silence_says_that_the_connection_lives() -> None:
    case = Case(StreamLimits(comment_seconds=0.05))
    async with answering(case) as answer:
        text = ""
        async for more in answer.aiter_text():
            text += more
            if text.count("quiet\n") == 3:
                case.leaving.set()
        assert text.startswith("begin\nquiet\n")
        assert text.endswith("next\n")


async def test_at_the_end_of_its_life_it_ends_cleanly_with_its_last_words() -> None:
    async with answering(Case(StreamLimits(life_seconds=0.05))) as answer:
        assert await text_of(answer) == ("begin\nnext\n", "cleanly")


async def test_a_process_that_ends_lets_it_end_cleanly() -> None:
    case = Case()
    async with answering(case) as answer:
        case.leaving.set()
        text, ended = await text_of(answer)
        assert text.endswith("next\n")
        assert ended == "cleanly"


async def test_a_log_that_is_away_is_waited_for() -> None:
    async with answering(Case(away=2)) as answer:
        assert await text_of(answer) == ("begin\nread\n", "cleanly")


async def test_nobody_is_asked_while_the_answer_is_fresh() -> None:
    case = Case(StreamLimits(life_seconds=0.1))
    async with answering(case) as answer:
        await text_of(answer)
    assert case.questions == 0
