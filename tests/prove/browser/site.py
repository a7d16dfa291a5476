"""What the proof looks at: `threadlog up` as people start it, and the provider of its models."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil

from benchmarks.rig.system import System, folder, up
from tests.model_server import ModelServer
from tests.system.client import Client, connected
from tests.system.stack import eventually

AGENTS = "interfaces.agents.assistant:assistant,tests.prove.browser.agents:scripted"


@dataclass(frozen=True)
class Site:
    """The running system."""

    system: System
    provider: ModelServer
    place: Path

    @property
    def url(self) -> str:
        return self.system.url

    @property
    def client(self) -> Client:
        """The administrator's, of the API."""
        return self.system.client

    def link(self) -> str:
        """The one-time link that `up` has printed last."""
        found = re.findall(rf"{re.escape(self.url)}/_admin\S+", self.system.stack.logged())
        assert found, f"no link in: {self.system.stack.logged()}"
        return found[-1]

    async def new_key(self, role: str = "user", *, name: str | None = None) -> str:
        """Of a person who is new here."""
        asked = {"role": role, "user_id": str(uuid4()), "user_name": name}
        issued = await self.client.post("/v1/keys", asked)
        return issued["key"]

    async def link_for(self, key: str) -> str:
        """A one-time link, as a client of the API asks for it."""
        async with connected(self.url, key=key) as client:
            link = await client.post("/v1/sign-in-links")
        return self.url + link["path"]

    async def kill_api(self) -> None:
        """-9; returns when the one that `up` has started instead is ready."""
        [api] = self.system.stack.processes("api")
        api.kill()
        await eventually(lambda: api.pid not in psutil.pids())
        await self.system.stack.ready()


@asynccontextmanager
async def running() -> AsyncGenerator[Site]:
    """With both agents, one of a model that needs no provider."""
    async with folder() as place:
        place.chmod(0o755)
        with ModelServer() as provider:
            environment = {
                **provider.environment,
                "THREADLOG_MODEL": "demo",
                "THREADLOG_AGENTS": AGENTS,
                "THREADLOG_KEEP_REQUESTS": "true",
                "THREADLOG_IDLE_TIMEOUT_SECONDS": "30",
            }
            async with up(place, environment) as system:
                await system.workers_ready()
                site = Site(system, provider, place)
                await eventually(lambda: "/_admin" in system.stack.logged(), seconds=30)
                yield site
