"""A Threadlog of several processes on servers of their own, of which everything can be broken."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.faults.clock import SkewedClock
from tests.faults.disk import SmallDisk
from tests.faults.fsync import SlowDisk
from tests.faults.links import links_to
from tests.faults.proxy import FaultProxy
from tests.faults.shim import together
from tests.storm.deployment import PROCESSES, Deployment
from tests.system.stack import free_port

REVIVE_SECONDS = 0.3
CLOCKS = ("api", "worker", "projector", "postgres")
DISK_MEGABYTES = 256


class Apart(Deployment):
    """Two APIs, two workers and a projector on servers of their own, each behind links that break.

    The servers' data are on a small disk, and every kind of process has a clock of its own.
    """

    def __init__(self, place: Path, *, environment: Mapping[str, str], code: Path) -> None:
        super().__init__(place, environment=environment, code=code)
        self.disk = SmallDisk(place / "data", megabytes=DISK_MEGABYTES)
        self.clocks = {kind: SkewedClock(self._folder(f"clock-{kind}")) for kind in CLOCKS}
        self.syncing = SlowDisk(self._folder("fsync"))  # of PostgreSQL
        # A postmaster kills what is left of a crash after five seconds on its clock. A crash that
        # begins while the clock is ahead would last for an hour.
        self.crash_or_wrong_clock = asyncio.Lock()
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
        await self._start_servers()
        self._reviving = asyncio.create_task(self._revive())
        for name in PROCESSES:
            await self._start_role(name)
        await self.calm()

    async def stop(self) -> list[str]:
        left = await super().stop()
        if self._reviving is not None:
            self._reviving.cancel()
        return left

    def erase(self) -> None:
        super().erase()
        if self.disk.path.is_mount():
            self.disk.__exit__()

    def _folder(self, name: str) -> Path:
        folder = self.place / name
        folder.mkdir(mode=0o755)
        return folder

    async def _start_role(self, name: str) -> None:
        links = links_to(self.postgres, self.valkey, folder=self._folder(name))
        await links.heal()
        self.links = {**self.links, name: links}
        role = name.rstrip("12")
        variables = {**self.clocks[role].environment(), **links.environment(self.postgres.url)}
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
