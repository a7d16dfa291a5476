"""`threadlog analyst` as a person runs it: what is said, recorded and refused."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from domain.ids import analyst_stream
from domain.operation_events import AnalystCreated, AnalystDropped
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.migrations import migrate
from interfaces.cli.commands import _parser  # pyright: ignore[reportPrivateUsage]
from interfaces.cli.operator import actor
from tests.servers import new_database


@dataclass(frozen=True)
class Terminal:
    """Runs `threadlog analyst`."""

    url: str
    environment: dict[str, str]

    async def run(self, *arguments: str) -> tuple[int | None, str, str]:
        """Exit code, output, errors."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "interfaces.cli", "analyst", *arguments),
            env=self.environment,
            stdout=PIPE,
            stderr=PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def terminal(postgres: EmbeddedPostgres, tmp_path: Path) -> Terminal:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    variables = {
        "THREADLOG_DATABASE_URL": url,
        "THREADLOG_OWNER_DATABASE_URL": owner_url,
        "THREADLOG_REDIS_URL": "redis://127.0.0.1:1",
        "THREADLOG_DATA_DIR": str(tmp_path / "data"),
    }
    return Terminal(url, os.environ | variables)


async def test_a_login_from_its_making_to_its_end(terminal: Terminal) -> None:
    login = f"ann_{uuid4().hex}"
    code, out, err = await terminal.run("create", login, "--texts")
    assert (code, out.count("\n")) == (0, 3), err
    _, password, url = out.splitlines()
    assert password in url
    assert all(re.fullmatch(rf"note: {login} may connect .*", line) for line in err.splitlines())
    async with connected(url) as analyst:
        assert await analyst.fetchval("SELECT current_user") == login
        code, out, _ = await terminal.run("list")
        assert (code, f"{login}  views and texts  1 sessions\n" in out) == (0, True)
    code, _, err = await terminal.run("create", login)
    assert (code, err) == (1, f"threadlog analyst: the server has a role {login} already\n")
    assert (await terminal.run("drop", login))[0] == 0
    code, _, err = await terminal.run("drop", login)
    assert (code, f"no analyst has the login {login}" in err) == (1, True)
    async with PostgresEventLog(terminal.url, connections=1) as log:
        told = await log.read_stream(analyst_stream(login))
    assert [one.event for one in told] == [AnalystCreated(login, True), AnalystDropped(login)]
    assert {one.actor for one in told} == {actor()}


async def test_a_database_that_is_not_ready_is_told(terminal: Terminal) -> None:
    environment = {**terminal.environment}
    for name in ("THREADLOG_DATABASE_URL", "THREADLOG_OWNER_DATABASE_URL"):
        environment[name] = "postgresql://nobody:x@127.0.0.1:1/nothing"
    code, out, err = await Terminal(terminal.url, environment).run("create", "ann")
    assert (code, out) == (1, "")
    assert err.startswith("threadlog analyst: ")


WRONG = ("Ann", "ann;", "1ann", "", "a" * 64, "pg_ann", "threadlog_runtime", "ann x", 'a"b')


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_a_login_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    for action in ("create", "drop"):
        with pytest.raises(SystemExit) as refused:
            _parser().parse_args(["analyst", action, name])
        assert refused.value.code == 2
        assert re.search("not a login's name|begins like a role", capsys.readouterr().err)
