"""Processes that use, are or watch an embedded server, as the tests here see them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from infrastructure.embedded.account import Account
from infrastructure.embedded.processes import listener
from infrastructure.embedded.supervisor import alive
from tests.servers import erase

Server = EmbeddedPostgres | EmbeddedValkey
CHECKOUT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("other_process.py").relative_to(CHECKOUT)
QUICK: Mapping[str, str] = MappingProxyType({"fsync": "off"})
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class Servers:
    """Makes servers in one data folder, for this process to use and to leave together."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._made: list[Server] = []

    def postgres(
        self,
        *,
        major: int | None = None,
        settings: Mapping[str, str] = QUICK,
        patience_seconds: float = 30.0,
    ) -> EmbeddedPostgres:
        made = EmbeddedPostgres(
            self.data_dir, major=major, settings=settings, patience_seconds=patience_seconds
        )
        self._made.append(made)
        return made

    def valkey(self) -> EmbeddedValkey:
        made = EmbeddedValkey(self.data_dir)
        self._made.append(made)
        return made

    def named(self, name: str) -> Server:
        return self.postgres() if name == "postgres" else self.valkey()

    def stop(self) -> None:
        for server in self._made:
            server.stop()
        for server in self._made:
            assert server.stop(wait_seconds=20), f"{server.name} is still running"

    def erase(self) -> None:
        self.stop()
        for server in self._made:
            erase(server)


class OtherProcess:
    """Another process that starts a server, or attaches to it, and stays."""

    def __init__(
        self,
        name: str,
        data_dir: Path,
        *,
        python: str = sys.executable,
        checkout: Path = CHECKOUT,
        account: Account | None = None,
        umask: int = -1,
        variables: Mapping[str, str] = NO_VARIABLES,
    ) -> None:
        self._process = subprocess.Popen(
            [python, str(checkout / SCRIPT), name, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout), **variables},
            umask=umask,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    def answer(self) -> str:
        """The next line it says: "ready" and then the path of the socket, or what is wrong."""
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def leave(self) -> None:
        self._process.communicate()


def using(server: Server, *, variables: Mapping[str, str] = NO_VARIABLES) -> OtherProcess:
    """Another process, when it has the server."""
    process = OtherProcess(server.name, server.home, variables=variables)
    assert process.answer() == "ready"
    return process


def server_pid(server: Server) -> int:
    return listening(server.socket_dir / server.socket_name)


def listening(path: Path) -> int:
    """The pid of the process behind this socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        return listener(connection)


def supervisor_pid(server: Server) -> int:
    return int((server.home / f"{server.name}.supervisor.lock").read_text())


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), f"process {pid} has ended")


def until(condition: Callable[[], bool], what: str, *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def stays(condition: Callable[[], bool], what: str, *, seconds: float = 0.4) -> None:
    """Watch that it is so all the time, for several turns of the supervisor."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"no longer so: {what}"
        time.sleep(0.01)
