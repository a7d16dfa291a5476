"""A whole Threadlog under a storm: its processes, its servers, and the links between them.

`Together` is one of three; `Apart` and `Machines` are in apart.py and machines.py.
"""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx2
import psutil

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.faults.links import Links
from tests.faults.processes import resume
from tests.faults.proxy import FaultProxy
from tests.servers import erase, supervisor
from tests.storm.keeper import Keeper
from tests.system.stack import KEY, eventually, free_port, is_ready

QUIET_SECONDS = 60.0
PROCESSES = ("api1", "api2", "worker1", "worker2", "projector")


class Deployment(ABC):
    """What the ways to run Threadlog have in common.

    `place`: an empty folder; `code`: the folder of the product, which may be a broken copy of it.
    """

    links: Mapping[str, Links] = {}
    """By process, worker1, api2 …, or one for all of them."""
    clients: Sequence[FaultProxy] = ()
    """The ways of the clients to each API."""

    def __init__(self, place: Path, *, environment: Mapping[str, str], code: Path) -> None:
        self.place = place
        self.code = code
        self.environment = {
            **environment,
            "THREADLOG_API_KEY": KEY,
            "THREADLOG_DATA_DIR": str(place / "data"),
        }
        self.postgres = EmbeddedPostgres(place / "data")
        self.valkey = EmbeddedValkey(place / "data")
        self.keepers: dict[str, Keeper] = {}

    @property
    @abstractmethod
    def apis(self) -> Sequence[str]:
        """Where clients find it."""

    @abstractmethod
    async def start(self) -> None:
        """Until it answers."""

    async def stop(self) -> list[str]:
        """Ask every process to leave; what did not. Servers may go on until `erase`."""
        left = [
            f"{name} did not leave by itself"
            for name, keeper in self.keepers.items()
            if not await keeper.stop()
        ]
        for proxy in self.proxies():
            await proxy.close()
        return left

    def output(self, name: str) -> Path:
        return self.place / f"{name}.log"

    def members(self, kind: str) -> list[psutil.Process]:
        """The processes of one kind that live now: a role, `up`, `postgres` or `valkey`."""
        if kind in ("postgres", "valkey"):
            return _server(self.postgres if kind == "postgres" else self.valkey)
        return [process for process in self._product() if _title(process) == f"threadlog {kind}"]

    def workers(self) -> list[psutil.Process]:
        """Those that answer and those that run background tools."""
        return [*self.members("worker"), *self.members("tools")]

    def everything(self) -> list[psutil.Process]:
        """All of them."""
        return [*self._product(), *self.members("postgres"), *self.members("valkey")]

    def _product(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for keeper in self.keepers.values():
            with contextlib.suppress(psutil.Error):
                if keeper.pid is not None:
                    process = psutil.Process(keeper.pid)
                    found += [process, *process.children(recursive=True)]
        return found

    async def calm(self) -> None:
        """Heal every link and wait until all that should run does, and is ready."""
        for proxy in self.proxies():
            await proxy.heal()
        resume(self.everything())
        async with httpx2.AsyncClient(timeout=5) as http:
            for api in self.apis:
                await eventually(lambda api=api: is_ready(http, api), seconds=QUIET_SECONDS)

    def proxies(self) -> list[FaultProxy]:
        between = [proxy for link in self.links.values() for proxy in (link.postgres, link.redis)]
        return [*between, *self.clients]

    def _keeper(self, name: str, **variables: str) -> Keeper:
        self.keepers[name] = Keeper(
            name.rstrip("12"),
            environment={**self.environment, **variables},
            output=self.output(name),
            code=self.code,
        )
        return self.keepers[name]

    def _directly(self) -> dict[str, str]:
        """Variables of a process with nothing between it and the servers."""
        return {
            "THREADLOG_DATABASE_URL": self.postgres.url,
            "THREADLOG_REDIS_URL": self.valkey.url,
        }

    async def _start_servers(self) -> None:
        """Both, and the schema."""
        await asyncio.to_thread(self.postgres.start)
        await asyncio.to_thread(self.valkey.start)
        owner = {"THREADLOG_OWNER_DATABASE_URL": self.postgres.owner_url}
        await self._keeper("migrate", **self._directly(), **owner).once()
        del self.keepers["migrate"]  # it has ended

    def erase(self) -> None:
        """End the servers and remove what they made."""
        for server in (self.postgres, self.valkey):
            with contextlib.suppress(FileNotFoundError):
                erase(server)


class Together(Deployment):
    """`threadlog up`, as on a newcomer's machine; begun again when it dies, as by systemd."""

    def __init__(self, place: Path, *, environment: Mapping[str, str], code: Path) -> None:
        super().__init__(place, environment=environment, code=code)
        self._port = free_port()

    @property
    def apis(self) -> Sequence[str]:
        return [f"http://127.0.0.1:{self._port}"]

    async def start(self) -> None:
        self._keeper("up", THREADLOG_PORT=str(self._port)).start()
        await self.calm()

    async def stop(self) -> list[str]:
        family = self.everything()
        left = await super().stop()
        _, alive = await asyncio.to_thread(psutil.wait_procs, family, 15)
        return left + [f"still running: {_title(process)}" for process in alive]


def _server(server: EmbeddedPostgres | EmbeddedValkey) -> list[psutil.Process]:
    """The server itself first, then its own children; not the one that watches over it."""
    try:
        return supervisor(server).children(recursive=True)
    except (OSError, ValueError, psutil.Error):
        return []


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()[:2]).strip()
    except psutil.Error:
        return ""
