"""API, worker and projector as processes, each with a login of its own, so that the server's log
says who asked what."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.guards.statements import Statements
from tests.servers import Connection, connected
from tests.system.stack import KEY, eventually, free_port, is_ready

ROLES = ("api", "worker", "projector")


@dataclass(frozen=True)
class Roles:
    """The running processes, and what is known of them."""

    url: str
    postgres: EmbeddedPostgres
    owner: Connection  # to their database, as superuser
    outputs: Mapping[str, Path]
    logins: Mapping[str, str]  # of each role

    @property
    def mark(self) -> int:
        """Now, as a place in the server's log."""
        return self._log.stat().st_size

    @property
    def _log(self) -> Path:
        return self.postgres.home / f"{self.postgres.name}.log"

    async def statements(self, *, since: int) -> Statements:
        """What the processes that run have asked since a mark."""
        rows = await self.owner.fetch("SELECT pid, usename FROM pg_stat_activity")
        of_login = {login: role for role, login in self.logins.items()}
        pids = {row["pid"]: of_login[row["usename"]] for row in rows if row["usename"] in of_login}
        return Statements.of(self._log.read_bytes()[since:], roles=pids)

    def imported(self, role: str) -> set[str]:
        """The top packages that the process has loaded up to now."""
        lines = self.outputs[role].read_text(errors="replace").splitlines()
        loaded = [line.rpartition("|")[2].strip() for line in lines if line.startswith("import ")]
        return {module.partition(".")[0] for module in loaded}


@asynccontextmanager
async def running(
    folder: Path,
    environment: Mapping[str, str],
    *,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    urls: tuple[str, str],
) -> AsyncGenerator[Roles]:
    """All three, ready; ended with the block, so that the server has counted all they did."""
    url, owner_url = urls
    port = free_port()
    base = {
        **os.environ,
        **environment,
        "PYTHONPROFILEIMPORTTIME": "1",
        "THREADLOG_REDIS_URL": valkey.url,
        "THREADLOG_API_KEY": KEY,
        "THREADLOG_PORT": str(port),
        "THREADLOG_DATA_DIR": str(folder / "data"),
        "THREADLOG_ALLOW_UNSAFE_DATABASE": "true",
    }
    async with connected(owner_url) as owner:
        logins = {role: f"guard_{role}_{uuid4().hex}" for role in ROLES}
        outputs = {role: folder / role for role in ROLES}
        roles = Roles(f"http://127.0.0.1:{port}", postgres, owner, outputs, logins)
        async with _processes(roles, base, url=url):
            yield roles
        await eventually(lambda: _left(owner, logins), seconds=20)


@asynccontextmanager
async def _processes(
    roles: Roles, environment: Mapping[str, str], *, url: str
) -> AsyncGenerator[None]:
    with ExitStack() as processes:
        for role, login in roles.logins.items():
            password = await _make_login(roles.owner, login)
            mine = {**environment, "THREADLOG_DATABASE_URL": _as(login, password, url=url)}
            processes.callback(_stop, _start(role, mine, output=roles.outputs[role]))
        async with httpx2.AsyncClient() as http:
            await eventually(lambda: is_ready(http, roles.url), seconds=60)
        worker = roles.outputs["worker"]
        await eventually(lambda: "ready: worker" in worker.read_text(), seconds=60)
        yield


async def _make_login(owner: Connection, login: str) -> str:
    password = uuid4().hex
    await owner.execute(
        f"CREATE ROLE {login} LOGIN PASSWORD '{password}'"
        " IN ROLE threadlog_runtime, threadlog_projector"
    )
    await owner.execute(f"ALTER ROLE {login} SET log_statement = 'all'")
    return password


def _as(login: str, password: str, *, url: str) -> str:
    place = urlsplit(url).netloc.rpartition("@")[2]
    return urlsplit(url)._replace(netloc=f"{login}:{password}@{place}").geturl()


def _start(role: str, environment: Mapping[str, str], *, output: Path) -> subprocess.Popen[bytes]:
    """It leaves with us, however we end."""
    command = [sys.executable, "-m", "interfaces.cli", role, "--with-parent"]
    with output.open("wb") as file:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=file, stderr=file, env=dict(environment)
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.terminate()
    process.stdin.close()
    process.wait(20)


async def _left(owner: Connection, logins: Mapping[str, str]) -> bool:
    """A back end reports what it has counted before it is gone."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename = ANY ($1)"
    return await owner.fetchval(query, list(logins.values())) == 0
