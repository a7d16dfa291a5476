"""The processes of the proof: an API, workers that answer, workers that run tools, a projector."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.faults.links import links_to
from tests.servers import connected as connected_to
from tests.storm.deployment import Deployment
from tests.storm.keeper import Keeper
from tests.system.client import Client, connected
from tests.system.stack import KEY, eventually, free_port

CHAT = ("chat1", "chat2", "chat3")
TOOLS = ("tools1", "tools2")
READY_SECONDS = 90.0
BREAK_ITS_HEARTBEAT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_locks
 WHERE locktype = 'advisory' AND granted AND objsubid = 1
   AND (classid::bigint << 32 | objid::bigint) = hashtextextended('worker:' || $1, 0)
"""


@dataclass(frozen=True)
class Death:
    """A worker that was killed."""

    name: str
    worker_id: str
    at: float  # time.time()


class Fleet(Deployment):
    """All on this machine; the link to Redis can be cut. Who dies is begun again at once."""

    def __init__(self, place: Path, *, environment: Mapping[str, str], code: Path) -> None:
        super().__init__(place, environment=environment, code=code)
        self._port = free_port()
        self._dead_said: dict[str, int] = {}  # how much a worker's predecessors have said
        self.link = links_to(self.postgres, self.valkey, folder=place)
        self.links = {"all": self.link}
        self.deaths: list[Death] = []

    @property
    def apis(self) -> Sequence[str]:
        return [f"http://127.0.0.1:{self._port}"]

    def client(self) -> AbstractAsyncContextManager[Client]:
        """Speaks for the first administrator."""
        return connected(self.apis[0], key=KEY)

    async def start(self) -> None:
        await self._start_servers()
        await self.link.heal()
        self._begin("api", "api", THREADLOG_PORT=str(self._port))
        self._begin("projector", "projector")
        for name in (*CHAT, *TOOLS):
            self._begin(name, "worker", THREADLOG_WORKER_ONLY=name.rstrip("123"))
        await self.calm()
        await self.all_ready()

    def members(self, kind: str) -> list[psutil.Process]:
        """As everywhere; `worker` are those of both kinds."""
        tools = super().members("tools") if kind == "worker" else []
        return [*super().members(kind), *tools]

    def is_ready(self, name: str) -> bool:
        """Does the worker that runs now work?"""
        return bool(self._worker_ids(name))

    async def all_ready(self) -> None:
        """Until every worker works."""
        await eventually(lambda: all(map(self.is_ready, (*CHAT, *TOOLS))), seconds=READY_SECONDS)

    async def can_lose_one(self, names: Sequence[str] = CHAT) -> None:
        """Until two of these work."""
        await eventually(lambda: sum(map(self.is_ready, names)) > 1, seconds=READY_SECONDS)

    def name_of(self, worker_id: str) -> str:
        """Whose process this is or was."""
        return next(name for name in (*CHAT, *TOOLS) if worker_id in self._said(name))

    def process(self, name: str) -> psutil.Process:
        """The one that runs now."""
        pid = self.keepers[name].pid
        assert pid is not None
        return psutil.Process(pid)

    def kill(self, name: str) -> Death:
        """-9. It must work now."""
        [worker_id] = self._worker_ids(name)
        process = self.process(name)
        process.suspend()  # it says no more while we count
        self._dead_said[name] = len(self._said(name))
        at = time.time()
        process.kill()
        death = Death(name, worker_id, at)
        self.deaths.append(death)
        return death

    async def replace(self, name: str, *, seconds: float) -> None:
        """Pause a worker until others believe it dead and have taken what it had; wake it."""
        [worker_id] = self._worker_ids(name)
        process = self.process(name)
        process.suspend()
        try:
            async with connected_to(self.postgres.owner_url) as superuser:
                await superuser.fetchval(BREAK_ITS_HEARTBEAT, worker_id)
            await asyncio.sleep(seconds)
        finally:
            process.resume()

    def _begin(self, name: str, command: str, **variables: str) -> None:
        redis = self.link.environment(self.postgres.url)["THREADLOG_REDIS_URL"]
        servers = {**self._directly(), "THREADLOG_REDIS_URL": redis}
        keeper = self.keepers[name] = Keeper(
            command,
            environment={**self.environment, **servers, **variables},
            output=self.output(name),
            code=self.code,
        )
        keeper.start()

    def _worker_ids(self, name: str) -> list[str]:
        said = self._said(name)[self._dead_said.get(name, 0) :]
        return re.findall(r"ready: worker (\S+)", said)[-1:]

    def _said(self, name: str) -> str:
        output = self.output(name)
        return output.read_text(errors="replace") if output.exists() else ""
