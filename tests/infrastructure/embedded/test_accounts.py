"""Servers work as root and as a plain user, and no folder's rights change for them."""

import os
import pwd
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from infrastructure.embedded import EmbeddedServerError
from infrastructure.embedded.account import Account
from infrastructure.embedded.folders import home_of
from infrastructure.embedded.programs import find_postgres, find_valkey
from infrastructure.embedded.supervisor import alive
from tests.infrastructure.embedded.processes import (
    CHECKOUT,
    OtherProcess,
    Servers,
    listening,
    until,
)
from tests.servers import data_folder

NAMES = ["postgres", "valkey"]
SOMEBODY = Account(uid=65534, gid=65534)


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_data_below_a_closed_folder_leave_it_closed(name: str, closed: Path) -> None:
    above = [closed, *closed.parents]
    rights = [folder.stat() for folder in above]
    servers = Servers(closed / "deep" / "data")
    try:
        servers.named(name).start()
        now = [folder.stat() for folder in above]
        assert [(s.st_mode, s.st_uid) for s in now] == [(s.st_mode, s.st_uid) for s in rights]
    finally:
        servers.erase()


def test_programs_below_a_closed_folder_are_used(closed: Path, new_servers: Servers) -> None:
    programs = programs_copied_to(closed)
    for name in NAMES:
        new_servers.named(name)
        process = OtherProcess(name, new_servers.data_dir, variables=programs)
        assert process.answer() == "ready"
        process.leave()
    assert closed.stat().st_mode & 0o777 == 0o700


def test_a_private_umask_does_not_close_the_data_folder(new_servers: Servers) -> None:
    new_servers.data_dir /= "new/data"
    process = OtherProcess("valkey", new_servers.data_dir, umask=0o077)
    assert process.answer() == "ready"
    server = new_servers.valkey()
    assert server.home == new_servers.data_dir
    assert server.ready()
    process.leave()


def test_data_stay_where_they_are_when_a_folder_above_is_closed(closed: Path) -> None:
    (closed / "data" / "postgres").mkdir(parents=True)
    with pytest.raises(EmbeddedServerError, match=str(closed / "data" / "postgres")):
        home_of(closed / "data", SOMEBODY, holds="postgres")


def test_a_plain_user_needs_no_rights() -> None:
    account = plain_user()
    with data_folder() as data_dir:
        place = data_dir.parent
        variables = programs_copied_to(place / "programs")
        python, checkout = python_copied_to(place / "python"), checkout_copied_to(place / "code")
        variables["LD_LIBRARY_PATH"] = str(place / "python" / "lib")
        own = place / "own"
        own.mkdir(mode=0o700)
        if account:
            os.chown(own, account.uid, account.gid)
        for name in NAMES:
            process = OtherProcess(
                name,
                own / "data",
                account=account,
                python=python,
                checkout=checkout,
                variables=variables,
            )
            assert process.answer() == "ready"
            socket = Path(process.answer())
            server = listening(socket)
            made = [own / "data", own / "data" / name, socket.parent]
            assert {folder.stat().st_mode & 0o777 for folder in made} == {0o700}
            assert {folder.stat().st_uid for folder in made} == {own.stat().st_uid}
            process.leave()
            until(partial(ended, server), "the server has ended")
            shutil.rmtree(socket.parent)


def ended(pid: int) -> bool:
    return not alive(pid)


def plain_user() -> Account | None:
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def programs_copied_to(folder: Path) -> dict[str, str]:
    """Copy the servers' programs, and answer the variables that name the copies."""
    postgres, valkey = find_postgres().path, find_valkey()
    install = postgres.parents[1]
    package = install.parent
    shutil.copytree(install, folder / package.name / install.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    shutil.copy2(valkey, folder / valkey.name)
    return {
        "THREADLOG_PG_BIN": str(folder / package.name / install.name / "bin"),
        "THREADLOG_VALKEY_BIN": str(folder / valkey.name),
    }


def python_copied_to(folder: Path) -> str:
    """Copy this Python and its standard library; the original may lie below root's home."""
    program = Path(sys.executable).resolve()
    library = Path(os.__file__).parent
    shutil.copytree(
        library,
        folder / "lib" / library.name,
        ignore=shutil.ignore_patterns(
            "site-packages", "test", "idlelib", "config-*", "__pycache__"
        ),
    )
    for shared in library.parent.glob("libpython*"):
        shutil.copy2(shared, folder / "lib" / shared.name)
    (folder / "bin").mkdir()
    return str(shutil.copy2(program, folder / "bin" / program.name))


def checkout_copied_to(folder: Path) -> Path:
    for part in ("infrastructure/embedded", "tests/infrastructure/embedded"):
        shutil.copytree(CHECKOUT / part, folder / part)
    return folder
