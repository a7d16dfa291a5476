"""The life of an embedded server that several processes share: attach or start, leave, stop."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, ClassVar, Self

from infrastructure.embedded.account import server_account
from infrastructure.embedded.errors import FolderRefused, ServerDidNotStart
from infrastructure.embedded.folders import home_of, make_folder, make_socket_dir, socket_dir_of
from infrastructure.embedded.locks import (
    is_shared,
    open_lock,
    private,
    try_lock,
    try_share,
    wait_for_lock,
)
from infrastructure.embedded.processes import listener

SUPERVISOR = Path(__file__).with_name("supervisor.py")
READY_SECONDS = 60.0
"""How long a running server may take to become ready, and an old one to end."""
PATIENCE_SECONDS = 30.0
LAUNCH_SECONDS = 3.0
"""How long a server that ends at once is started again, as while old back ends are leaving."""
RELAUNCH_PAUSE_SECONDS = 0.3
UNREACHABLE_SECONDS = 1.0
"""How long a running server may be without its socket before it is replaced."""
POLL_SECONDS = 0.025
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})


class EmbeddedServer(ABC):
    """One server with its data in `<home>/<name>`. Not to be used by two threads at once."""

    name: ClassVar[str]
    stop_signal: ClassVar[str]
    socket_name: ClassVar[str]

    def __init__(
        self,
        data_dir: str | os.PathLike[str],
        *,
        environment: Mapping[str, str] = NO_VARIABLES,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """`environment`: more variables for the server that this starts, for tests.

        `patience_seconds`: a server that has not ended so long after it was asked to is killed.
        """
        self._patience_seconds = patience_seconds
        self._account = server_account(os.geteuid())
        self.home = home_of(Path(data_dir), self._account, holds=self.name)
        """`data_dir`, or as root a folder below /var/lib when `data_dir` is closed to others."""
        self.data = self.home / self.name
        self.socket_dir = socket_dir_of(self.data)
        self._socket = str(self.socket_dir / self.socket_name)
        self._log = self.home / f"{self.name}.log"
        self._environment = environment
        self._clients: BinaryIO | None = None  # our shared lock: we use the server

    @abstractmethod
    def _command(self) -> list[str]:
        """Make the data if there are none, and return the command that runs the server."""

    @abstractmethod
    def _answers(self, connected: socket.socket) -> bool:
        """Whether the server on this connection is ready for work."""

    def start(self) -> None:
        """Attach to the server, or start it. Safe to repeat, as when the server has died.

        Blocks (asyncio.to_thread): 0.1 s, about 1 s for new data, longer after a crash. Raises
        EmbeddedServerError; then this process is no longer a user of the server.
        """
        try:
            make_folder(self.home, self._account)
            make_socket_dir(self.socket_dir, self._account)
            self._join()
            with self._lock_file("start") as starting:
                wait_for_lock(starting)
                self._bring_up()
        except OSError as failure:
            self._leave()
            raise FolderRefused(f"{failure.filename or self.home}: {failure.strerror}") from failure
        except BaseException:
            self._leave()
            raise

    def stop(self, *, wait_seconds: float = 0.0) -> bool:
        """Say that this process no longer uses the server; the last one to leave stops it.

        Waits up to `wait_seconds` for its end, if nobody else uses it; True: it has ended. Safe to
        repeat.
        """
        self._leave()
        deadline = time.monotonic() + wait_seconds
        while not (ended := self._ended()) and time.monotonic() < deadline:
            if self._is_shared():
                return False
            time.sleep(POLL_SECONDS)
        return ended

    def ready(self) -> bool:
        """Whether the server answers now. Blocks, up to 2 s."""
        with socket.socket(socket.AF_UNIX) as connected:
            connected.settimeout(2)
            try:
                connected.connect(self._socket)
                return self._answers(connected)
            except OSError:
                return False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(wait_seconds=5)

    def _join(self) -> None:
        """Become a user of the server; waits while an old one is being stopped."""
        if self._clients is not None:
            return
        clients = self._lock_file("clients")
        deadline = time.monotonic() + READY_SECONDS
        while not try_share(clients):
            if time.monotonic() > deadline:
                clients.close()
                raise ServerDidNotStart(f"{self.name} in {self.home} does not end.")
            time.sleep(POLL_SECONDS)
        self._clients = clients

    def _leave(self) -> None:
        if self._clients is not None:
            self._clients.close()
            self._clients = None

    def _bring_up(self) -> None:
        """Return when the server is ready and a supervisor is alive."""
        began = time.monotonic()
        spawned = 0
        while True:
            with self._lock_file("supervisor") as supervision:
                if try_lock(supervision):  # there is no supervisor
                    if spawned and time.monotonic() > began + LAUNCH_SECONDS:
                        raise ServerDidNotStart(f"{self.name} ends at once:\n{self._log_tail()}")
                    time.sleep(RELAUNCH_PAUSE_SECONDS if spawned else 0)
                    self._spawn_supervisor(supervision)
                    spawned += 1
                elif self.ready():
                    return
                elif not spawned and time.monotonic() > began + UNREACHABLE_SECONDS:
                    self._end_unreachable()
            if time.monotonic() > began + READY_SECONDS:
                raise ServerDidNotStart(f"{self.name} is not ready:\n{self._log_tail()}")
            time.sleep(POLL_SECONDS)

    def _end_unreachable(self) -> None:
        """End a server whose socket was removed, as by cleaning /tmp; it can serve nobody new."""
        if not os.path.exists(self._socket):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._lock_path("supervisor").read_text()), signal.SIGTERM)

    def _spawn_supervisor(self, supervision: BinaryIO) -> None:
        """It inherits the lock, and watches the server that already listens, or runs one."""
        uid_gid = f"{self._account.uid}:{self._account.gid}" if self._account else ":"
        server = self._listener()
        task = ["run", *self._command()] if server is None else ["watch", str(server)]
        clients = str(self._lock_path("clients"))
        with open(self._log, "ab", opener=private) as log:
            subprocess.run(  # noqa: S603  # our own command
                [
                    *(sys.executable, "-I", "-S", SUPERVISOR, clients),
                    *(self.stop_signal, str(self._patience_seconds), uid_gid, *task),
                ],
                stdin=supervision,
                stdout=log,
                stderr=log,
                check=False,
                start_new_session=True,
                cwd="/",
                env={**os.environ, **self._environment},
            )

    def _listener(self) -> int | None:
        with socket.socket(socket.AF_UNIX) as connected:
            connected.settimeout(2)
            try:
                connected.connect(self._socket)
            except OSError:
                return None
            return listener(connected)

    def _is_shared(self) -> bool:
        """Do others use it? While it is being stopped, its supervisor holds the lock alone."""
        with self._lock_file("clients") as clients:
            return is_shared(clients)

    def _ended(self) -> bool:
        if not os.access(self.home, os.W_OK):  # never started here
            return True
        with self._lock_file("supervisor") as supervision:
            return try_lock(supervision) and self._listener() is None

    def _lock_file(self, purpose: str) -> BinaryIO:
        return open_lock(self._lock_path(purpose))

    def _lock_path(self, purpose: str) -> Path:
        return self.home / f"{self.name}.{purpose}.lock"

    def _log_tail(self) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
