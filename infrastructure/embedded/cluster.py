"""Makes a new PostgreSQL cluster: checksums, passwords, the database and the login of Threadlog."""

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from infrastructure.embedded.account import Account, run_as
from infrastructure.embedded.errors import PasswordMissing, ServerDidNotStart
from infrastructure.embedded.folders import give, make_data_folder
from infrastructure.embedded.programs import PostgresProgram

OWNER = "postgres"
LOGIN = "threadlog"
DATABASE = "threadlog"


def make_cluster(
    data: Path, *, program: PostgresProgram, account: Account | None, durable: bool
) -> None:
    """Make the cluster in the folder `data`, with new passwords beside it.

    It is finished elsewhere and then renamed, so a half-made one is never used. `durable` off
    saves the time to write it to the disk: for tests.
    """
    making = data.with_name(f"{data.name}.init")
    shutil.rmtree(making, ignore_errors=True)
    make_data_folder(making, account)
    owner_password = _make_password(data.parent, OWNER, account)
    _make_password(data.parent, LOGIN, None)
    try:
        run_as(account, _initdb(making, program, password_file=owner_password, durable=durable))
        _make_database(making, program, account, password=read_password(data.parent, LOGIN))
    except subprocess.CalledProcessError as failure:
        raise ServerDidNotStart(f"{failure.cmd[0]} failed:\n{failure.output}") from failure
    making.rename(data)
    _write_through(data.parent)


def read_password(home: Path, role: str) -> str:
    try:
        return _password_file(home, role).read_text()
    except FileNotFoundError:
        raise PasswordMissing(
            f"{_password_file(home, role)} is missing. It is made with the database on the first "
            "start, and only the backup of this folder can replace it."
        ) from None


def _initdb(
    making: Path, program: PostgresProgram, *, password_file: Path, durable: bool
) -> list[str]:
    if program.major >= 17:  # the same collation on every system, whatever LANG says
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        locale = ["--locale=C" if sys.platform == "darwin" else "--locale=C.UTF-8"]
    return [
        str(program.path.with_name("initdb")),
        *("--pgdata", str(making), "--username", OWNER),
        *("--auth=scram-sha-256", "--pwfile", str(password_file)),
        *("--encoding=UTF8", "--data-checksums", "--no-instructions", *locale),
        *(() if durable else ("--no-sync",)),
    ]


def _make_database(
    making: Path, program: PostgresProgram, account: Account | None, *, password: str
) -> None:
    """In PostgreSQL's single-user mode: one statement a line, and errors do not end it."""
    statements = (
        f"CREATE ROLE {LOGIN} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{password}';\n"
        f"CREATE DATABASE {DATABASE};\n"
    )
    command = [str(program.path), "--single", "-D", str(making), "postgres"]
    output = run_as(account, command, text=statements)
    if "ERROR:" in output:
        raise subprocess.CalledProcessError(1, command, output)


def _make_password(home: Path, role: str, reader: Account | None) -> Path:
    file = _password_file(home, role)
    file.unlink(missing_ok=True)
    with open(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as out:
        out.write(secrets.token_urlsafe(32))
        out.flush()
        os.fsync(out.fileno())
    give(file, reader)
    return file


def _password_file(home: Path, role: str) -> Path:
    return home / f"{role}.password"


def _write_through(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
