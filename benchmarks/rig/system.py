"""A whole Threadlog of a benchmark's own: `threadlog up`, durable servers, nothing left over."""

import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.servers import erase, supervisor
from tests.system.client import Client, connected
from tests.system.stack import KEY, Stack, eventually, start

MODEL = "openai-chat:gpt-5"


class System:
    """The processes, and the embedded servers that they started."""

    def __init__(self, stack: Stack, *, data: Path, client: Client) -> None:
        self.stack = stack
        self.client = client
        self.postgres = EmbeddedPostgres(data)
        self.valkey = EmbeddedValkey(data)

    async def workers_ready(self, count: int = 2) -> None:
        """Until so many of the workers that live have said that they are ready."""
        await eventually(lambda: self._ready_workers() == count, seconds=60)

    def _ready_workers(self) -> int:
        lines = [line for line in self.stack.logged().splitlines() if "ready: worker" in line]
        alive = self.stack.processes("worker")
        return sum(any(f"worker[{one.pid}]" in line for line in lines) for one in alive)

    def processes(self) -> dict[str, list[psutil.Process]]:
        """All that run now, by role; the embedded servers with those that watch over them."""
        [launcher, *_] = self.stack.family()
        found: dict[str, list[psutil.Process]] = {"up": [launcher]}
        found |= {role: self.stack.processes(role) for role in ("api", "worker", "projector")}
        for server in (self.postgres, self.valkey):
            watching = supervisor(server)
            found[f"{server.name} supervisor"] = [watching]
            found[server.name] = watching.children(recursive=True)
        return found

    @property
    def url(self) -> str:
        """Of the API."""
        return self.stack.url


@asynccontextmanager
async def running(environment: Mapping[str, str]) -> AsyncGenerator[System]:
    """Start, wait until API and workers are ready, and remove everything at the end."""
    async with folder() as place, up(place, environment) as system:
        await system.workers_ready()
        yield system


@asynccontextmanager
async def up(place: Path, environment: Mapping[str, str]) -> AsyncGenerator[System]:
    """`threadlog up` with its data in `place`, from /readyz until the block ends; the data stay."""
    stack = start(place, {"THREADLOG_MODEL": MODEL, **environment})
    try:
        await stack.ready()
        async with connected(stack.url, key=KEY) as client:
            yield System(stack, data=place / "data", client=client)
    finally:
        await stack.stop()


@asynccontextmanager
async def folder() -> AsyncGenerator[Path]:
    """An empty folder; servers that run in it are ended and forgotten with it."""
    place = Path(tempfile.mkdtemp(prefix="threadlog-bench-", dir="/tmp"))
    try:
        yield place
    finally:
        for server in (EmbeddedPostgres(place / "data"), EmbeddedValkey(place / "data")):
            with contextlib.suppress(FileNotFoundError):
                erase(server)
        shutil.rmtree(place, ignore_errors=True)
