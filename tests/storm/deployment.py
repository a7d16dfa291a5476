"""A whole Threadlog under a storm: its processes, its servers, and the links between them."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import psutil

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.faults.clock import SkewedClock
from tests.faults.disk import SmallDisk
from tests.faults.fsync import SlowDisk
from tests.faults.proxy import FaultProxy
from tests.faults.shim import together
from tests.servers import erase
from tests.storm.keeper import Keeper
from tests.system.stack import KEY, eventually, free_port

POSTGRES_SOCKET = ".s.PGSQL.5432"
REVIVE_SECONDS = 0.3
QUIET_SECONDS = 60.0
ROLES = ("api", "worker", "projector")
PROCESSES = ("api1", "api2", "worker1", "worker2", "projector")
CLOCKS = (*ROLES, "postgres")
DISK_MEGABYTES = 256


@dataclass(frozen=True)
class Links:
    """The ways of one process to its servers."""

    postgres: FaultProxy
    redis: FaultProxy


class Deployment(ABC):
    """What the two ways to run Threadlog have in common.

    `place`: an empty folder; `code`: the folder of the product, which may be a broken copy of it.
    """

    links: Mapping[str, Links] = {}
    """By process, where there are any: worker1, api2 …"""
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

    @abstractmethod
    async def stop(self) -> list[str]:
        """Ask every process to leave; what did not. Servers may go on until `erase`."""

    def output(self, name: str) -> Path:
        return self.place / f"{name}.log"

    def members(self, kind: str) -> list[psutil.Process]:
        """The processes of one kind that live now: a role, `up`, `postgres` or `valkey`."""
        if kind in ("postgres", "valkey"):
            return _server(self.postgres if kind == "postgres" else self.valkey)
        return [process for process in self._product() if _title(process) == f"threadlog {kind}"]

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
        for process in self.everything():
            with contextlib.suppress(psutil.Error):
                process.resume()
        async with httpx2.AsyncClient(timeout=5) as http:
            for api in self.apis:
                await eventually(lambda api=api: _is_ready(http, api), seconds=QUIET_SECONDS)

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
        keepers = self.keepers.values()  # none, when it could not be started
        left = [] if all([await one.stop() for one in keepers]) else ["up did not leave by itself"]
        _, alive = await asyncio.to_thread(psutil.wait_procs, family, 15)
        return left + [f"still running: {_title(process)}" for process in alive]


class Apart(Deployment):
    """Two APIs, two workers and a projector on servers of their own, each behind links that break.

    The servers' data are on a small disk, and every kind of process has a clock of its own.
    """

    def __init__(self, place: Path, *, environment: Mapping[str, str], code: Path) -> None:
        super().__init__(place, environment=environment, code=code)
        self.disk = SmallDisk(place / "data", megabytes=DISK_MEGABYTES)
        self.clocks = {kind: SkewedClock(self._folder(f"clock-{kind}")) for kind in CLOCKS}
        self.syncing = SlowDisk(self._folder("fsync"))  # of PostgreSQL
        self._reviving: asyncio.Task[None] | None = None

    @property
    def apis(self) -> Sequence[str]:
        return [f"http://127.0.0.1:{proxy.port}" for proxy in self.clients]

    async def start(self) -> None:
        self.disk.__enter__()
        self.postgres = EmbeddedPostgres(
            self.disk.path,
            settings={"min_wal_size": "32MB", "max_wal_size": "64MB"},
            environment=together(self.clocks["postgres"].environment(), self.syncing.environment()),
        )
        self.valkey = EmbeddedValkey(self.disk.path)
        await asyncio.to_thread(self.postgres.start)
        await asyncio.to_thread(self.valkey.start)
        await self._migrate()
        self._reviving = asyncio.create_task(self._revive())
        for name in PROCESSES:
            await self._start_role(name)
        await self.calm()

    async def stop(self) -> list[str]:
        left: list[str] = []
        for name, keeper in self.keepers.items():
            if not await keeper.stop():
                left.append(f"{name} did not leave by itself")
        if self._reviving is not None:
            self._reviving.cancel()
        for proxy in self.proxies():
            await proxy.close()
        return left

    def erase(self) -> None:
        super().erase()
        if self.disk.path.is_mount():
            self.disk.__exit__()

    def _folder(self, name: str) -> Path:
        folder = self.place / name
        folder.mkdir(mode=0o755)
        return folder

    async def _migrate(self) -> None:
        migrate = self._keeper(
            "migrate",
            THREADLOG_DATABASE_URL=self.postgres.url,
            THREADLOG_OWNER_DATABASE_URL=self.postgres.owner_url,
            THREADLOG_REDIS_URL=self.valkey.url,
        )
        await migrate.once()
        del self.keepers["migrate"]

    async def _start_role(self, name: str) -> None:
        folder = self._folder(name)
        links = Links(
            FaultProxy(self.postgres.socket_dir / POSTGRES_SOCKET, listen=folder / POSTGRES_SOCKET),
            FaultProxy(Path(urlsplit(self.valkey.url).path), listen=folder / "redis"),
        )
        await links.postgres.heal()
        await links.redis.heal()
        self.links = {**self.links, name: links}
        url = urlsplit(self.postgres.url)._replace(query=f"host={quote(str(folder))}").geturl()
        role = name.rstrip("12")
        variables = {
            **self.clocks[role].environment(),
            "THREADLOG_DATABASE_URL": url,
            "THREADLOG_REDIS_URL": f"unix://{folder / 'redis'}?db=0",
        }
        if role == "api":
            port = free_port()
            variables["THREADLOG_PORT"] = str(port)
            proxy = FaultProxy(("127.0.0.1", port))
            await proxy.heal()
            self.clients = [*self.clients, proxy]
        self._keeper(name, **variables).start()

    async def _revive(self) -> None:
        """Start the servers again when they have died."""
        while True:
            await asyncio.sleep(REVIVE_SECONDS)
            for server in (self.postgres, self.valkey):
                with contextlib.suppress(Exception):
                    if not await asyncio.to_thread(server.ready):
                        await asyncio.to_thread(server.start)


def _server(server: EmbeddedPostgres | EmbeddedValkey) -> list[psutil.Process]:
    """The server itself first, then its own children; not the one that watches over it."""
    try:
        watcher = int((server.home / f"{server.name}.supervisor.lock").read_text())
        return psutil.Process(watcher).children(recursive=True)
    except (OSError, ValueError, psutil.Error):
        return []


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()[:2]).strip()
    except psutil.Error:
        return ""


async def _is_ready(http: httpx2.AsyncClient, api: str) -> bool:
    try:
        return (await http.get(f"{api}/readyz")).is_success
    except httpx2.TransportError:
        return False
