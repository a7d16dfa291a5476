"""What docs/export.md shows is taken by the command, and runs."""

import asyncio
import os
import re
import shlex
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from domain.thread_events import ThreadStarted
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.exporting import Order, export
from infrastructure.exporting.manifest import FormatName
from interfaces.cli.commands import _parser, main  # pyright: ignore[reportPrivateUsage]
from tests.infrastructure.event_log.databases import empty_log
from tests.infrastructure.event_log.events import append, chunk, requested
from tests.infrastructure.exporting.installation import Quiet, untold
from tests.servers import connected

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "export.md").read_text()
SHOWN = [
    line.removeprefix("./do threadlog ").partition(" #")[0]
    for line in PAGE.splitlines()
    if line.startswith("./do threadlog ")
]
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(TABLE,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
SAID = (
    "1 threads\n",
    "3 events, timestamp[us, tz=UTC]\n",
    "1 ThreadStarted\n2 CompletionRequested\n3 Chunk\n",
)
FOLDERS: dict[str, FormatName] = {"copy": "jsonl", "parquet": "parquet", "csv": "csv"}


@pytest.mark.parametrize("shown", SHOWN)
def test_a_shown_command_is_understood(shown: str) -> None:
    options = _parser().parse_args(shlex.split(shown.replace("THREAD_ID", str(uuid4()))))
    assert options.handler.__name__ == "_export"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("export --to x --format xml", "csv"),
        ("export --to x --after soon", "not a position of a log"),
        ("export --to x --thread ../keys", "--thread"),
        ("export", "give --to FOLDER or --check FOLDER"),
        ("export --to x --check x", "give --to FOLDER or --check FOLDER"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    wrong: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(shlex.split(wrong))
    except SystemExit as refused:
        code = refused.code
    assert code == 2
    assert told in capsys.readouterr().err


@pytest.fixture
async def exports(postgres: EmbeddedPostgres, tmp_path: Path) -> Path:
    """A thread, and an answer that has begun, in each format."""
    log = await empty_log(postgres)
    thread = uuid4()
    async with PostgresEventLog(log.url) as events:
        started = ThreadStarted(uuid4(), "support")
        await events.append(append(thread, 0, started, thread_id=thread), actor="test")
        answer = append(uuid4(), 0, requested(), chunk(), thread_id=thread)
        await events.append(answer, actor="test")
    for folder, kind in _folders(tmp_path):
        order = Order(folder, ["events"], kind)
        await export(log.url, order, record=untold, progress=Quiet())
    return tmp_path


def _folders(place: Path) -> list[tuple[Path, FormatName]]:
    return [(place / name, kind) for name, kind in FOLDERS.items()]


async def test_the_shown_programs_run(exports: Path) -> None:
    assert len(PROGRAMS) == len(SAID)
    for program, said in zip(PROGRAMS, SAID, strict=True):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program),
            cwd=exports,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=PIPE,
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert out.decode() == said


async def test_the_shown_table_takes_the_csv(exports: Path, postgres: EmbeddedPostgres) -> None:
    async with connected(postgres.owner_url) as other:
        await other.execute(TABLE.replace("CREATE TABLE", "CREATE TEMP TABLE"))
        connection: Any = other
        (file,) = (exports / "csv" / "events").iterdir()
        done = await connection.copy_to_table("events", source=str(file), format="csv", header=True)
        assert done == "COPY 3"
        empty = "SELECT count(*) FROM events WHERE state IS NULL OR state_hex IS NOT NULL"
        assert await other.fetchval(empty) == 0
