"""Two APIs, two workers and a projector on servers of their own, all behind one link to each."""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from tests.faults.links import links_to
from tests.servers import Connection, connected
from tests.storm.deployment import PROCESSES, Deployment
from tests.system.stack import eventually, free_port, is_ready

DATABASE_SESSIONS = """
SELECT count(*) FROM pg_stat_activity WHERE application_name = 'threadlog'
"""
CAUGHT_UP = "SELECT coalesce(min(position), 0) >= $1 FROM threadlog.projections WHERE active"
END = "SELECT coalesce(max(notification_id), 0) FROM threadlog.chat_events"
READY_SECONDS = 60.0


@dataclass(frozen=True)
class Restart:
    """One process that was asked to leave and begun again."""

    name: str
    left_by_itself: bool
    leave_seconds: float
    ready_seconds: float  # from its new start


class Machines(Deployment):
    """Clients reach the APIs without anything between them."""

    def __init__(self, place: Path, *, environment: Mapping[str, str], code: Path) -> None:
        super().__init__(place, environment=environment, code=code)
        self.ports = {name: free_port() for name in PROCESSES if name.startswith("api")}
        self.link = links_to(self.postgres, self.valkey, folder=place)
        self.links = {"all": self.link}

    @property
    def apis(self) -> Sequence[str]:
        return [f"http://127.0.0.1:{port}" for port in self.ports.values()]

    async def start(self) -> None:
        await self._start_servers()
        await self.link.heal()
        servers = self.link.environment(self.postgres.url)
        for name in PROCESSES:
            port = {"THREADLOG_PORT": str(self.ports[name])} if name in self.ports else {}
            self._keeper(name, **servers, **port).start()
        await self.calm()
        for name in PROCESSES:
            await self._ready(name, after=0)

    async def restart(self, name: str) -> Restart:
        """SIGTERM, wait until it has left, begin it again, wait until it is ready."""
        said = len(self._said(name))
        began = time.monotonic()
        left = await self.keepers[name].stop()
        gone = time.monotonic()
        self.keepers[name].start()
        await self._ready(name, after=said)
        return Restart(name, left, gone - began, time.monotonic() - gone)

    async def begin_direct_api(self) -> str:
        """One more, called `api`, with nothing between it and the servers; its address."""
        port = self.ports["api"] = free_port()
        self._keeper("api", **self._directly(), THREADLOG_PORT=str(port)).start()
        await self._ready("api", after=0)
        return f"http://127.0.0.1:{port}"

    def worker_id(self, name: str) -> str:
        """As the worker that runs now has said."""
        return re.findall(r"ready: worker (\S+)", self._said(name))[-1]

    def process(self, name: str) -> psutil.Process:
        """The one that runs now."""
        pid = self.keepers[name].pid
        assert pid is not None
        return psutil.Process(pid)

    async def sessions(self) -> int:
        """Connections of the product to PostgreSQL."""
        async with connected(self.postgres.owner_url) as connection:
            count: int = await connection.fetchval(DATABASE_SESSIONS)
            return count

    def _said(self, name: str) -> str:
        output = self.output(name)
        return output.read_text(errors="replace") if output.exists() else ""

    async def _ready(self, name: str, *, after: int) -> None:
        """`after`: of what it said, which was said by its predecessor."""
        if name in self.ports:
            url = f"http://127.0.0.1:{self.ports[name]}"
            async with httpx2.AsyncClient(timeout=5) as http:
                await eventually(lambda: is_ready(http, url), seconds=READY_SECONDS)
        elif name.startswith("worker"):
            await eventually(
                lambda: "ready: worker" in self._said(name)[after:], seconds=READY_SECONDS
            )
        else:
            async with connected(self.postgres.owner_url) as database:
                end = await database.fetchval(END)
                await eventually(lambda: _caught_up(database, end), seconds=READY_SECONDS)


async def _caught_up(database: Connection, end: int) -> bool:
    caught_up: bool = await database.fetchval(CAUGHT_UP, end)
    return caught_up
