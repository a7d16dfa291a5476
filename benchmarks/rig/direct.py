"""What Threadlog is compared with: FastAPI and pydantic-ai straight into an event stream, no log.

The same agent, model, provider, HTTP server and event loop as the product's; each process does it
all, and what it has said is nowhere.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle
from typing import cast

import psutil
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from pydantic_ai import Agent
from starlette.responses import StreamingResponse

from application.agents import AgentDeps
from benchmarks.rig.system import MODEL
from benchmarks.rig.wire import Received, request
from interfaces.agents.assistant import assistant


class Question(BaseModel):
    """The body of a request."""

    text: str


def create_app() -> FastAPI:
    """One route: a question in, the answer's text as Server-Sent Events out."""
    agent = Agent(
        MODEL,
        deps_type=AgentDeps,
        instructions=assistant.system_prompt_builder,
        tools=list(assistant.tools),
    )
    app = FastAPI()

    async def answer(text: str) -> AsyncGenerator[bytes]:
        nothing = cast("AgentDeps", None)  # neither prompt nor tool looks at it
        async with agent.run_stream(text, deps=nothing) as run:
            number = 0
            async for piece in run.stream_text(delta=True, debounce_by=None):
                number += 1
                data = json.dumps({"text": piece}).encode()
                yield b"id: %d\nevent: text\ndata: %s\n\n" % (number, data)

    @app.post("/chat")
    async def _(question: Question) -> StreamingResponse:
        return StreamingResponse(answer(question.text), media_type="text/event-stream")

    return app


class Direct:
    """The running comparison; requests go to its processes in turn."""

    def __init__(self, urls: Sequence[str], processes: Sequence[psutil.Process]) -> None:
        self.processes = processes
        self._urls = cycle(urls)

    @property
    def url(self) -> str:
        """Of the process whose turn it is."""
        return next(self._urls)

    async def ask(self, question: str) -> list[Received]:
        """All pieces of an answer."""
        body = {"text": question}
        async with request(self.url, key="none", body=body) as answer:
            return [event async for event in answer.events()]


def text_of(piece: Received) -> str:
    """What a piece says."""
    text: str = json.loads(piece.data)["text"]
    return text


@contextmanager
def direct(environment: Mapping[str, str], *, processes: int = 1) -> Generator[Direct]:
    """Processes that serve `POST /chat`, with the provider that `environment` names."""
    with ExitStack() as stack:
        served = [stack.enter_context(_served(environment)) for _ in range(processes)]
        yield Direct([url for url, _ in served], [process for _, process in served])


@contextmanager
def _served(environment: Mapping[str, str]) -> Generator[tuple[str, psutil.Process]]:
    command = [sys.executable, "-m", "benchmarks.rig.direct"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(10)


def main() -> None:
    """Serve until SIGTERM."""
    app = create_app()
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(app, loop="asyncio", log_level="critical", access_log=False)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/chat", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
