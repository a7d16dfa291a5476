"""`threadlog export` as a person runs it: what is said, recorded and refused."""

import asyncio
import io
import os
import resource
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from domain.account_events import DataExported
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import Codec, LogReader
from infrastructure.event_sourcing.exported import ExportedLogRecorder
from interfaces.cli.export_progress import Shown
from interfaces.cli.operator import actor
from tests.infrastructure.event_log.appending import writer
from tests.infrastructure.event_log.databases import empty_log
from tests.infrastructure.event_log.events import raw
from tests.servers import new_database

EVENTS = 3_000


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Terminal:
    """Runs `threadlog export` on a log of `EVENTS` events."""

    url: str
    environment: dict[str, str]

    async def export(self, *arguments: object, limit: Callable[[], None] | None = None) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "interfaces.cli", "export", *map(str, arguments)),
            env=self.environment,
            stdout=PIPE,
            stderr=PIPE,
            preexec_fn=limit,
        )
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return Ran(process.returncode, out.decode(), err.decode())


@pytest.fixture
async def terminal(postgres: EmbeddedPostgres, tmp_path: Path) -> Terminal:
    database = await empty_log(postgres)
    async with writer(database.url) as log:
        texts = [f"{number:100}" for number in range(EVENTS)]
        await log.append(raw(uuid4(), 0, *texts, thread_id=uuid4(), owner_id=uuid4()))
    variables = {
        "THREADLOG_DATABASE_URL": database.url,
        "THREADLOG_REDIS_URL": "redis://127.0.0.1:1",
        "THREADLOG_DATA_DIR": str(tmp_path / "data"),
    }
    return Terminal(database.url, os.environ | variables)


async def test_an_export_is_told_recorded_and_goes_on(terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    given = ("events", "--to", folder, "--reason", "an audit")
    first = await terminal.export(*given)
    assert (first.code, first.out) == (
        0,
        f"{folder} stands at position {EVENTS}; new rows: events {EVENTS:,}\n",
    )
    assert first.err.startswith(f"events: {EVENTS:,} rows in ")
    assert len(first.err.splitlines()) == 1
    second = await terminal.export("events", "--to", folder)
    assert second.out.endswith("new rows: events 1\n")
    checked = await terminal.export("--check", folder)
    assert checked.code == 0
    assert [line.partition(": ")[2] for line in checked.out.splitlines()] == ["ok", "ok"]
    async with LogReader(terminal.url) as reader:
        live = (await reader.read_after(EVENTS, limit=10)).entries
    told = [Codec().decode(entry) for entry in live]
    assert [one.event for one in told] == [
        DataExported("events", "jsonl", 0, EVENTS, EVENTS, "an audit"),
        DataExported("events", "jsonl", EVENTS, EVENTS + 1, 1),
    ]
    assert {(one.actor, one.thread_id) for one in told} == {(actor(), None)}
    assert [one.version for one in told] == [1, 2]
    recorder = ExportedLogRecorder(folder)
    assert recorder.select_notifications(EVENTS + 1, 10) == live[:1]


async def test_a_disk_that_takes_no_more_is_told_and_the_next_run_goes_on(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    assert (await terminal.export("events", "--to", folder, "--through", 100)).code == 0

    def most_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    failed = await terminal.export("events", "--to", folder, limit=most_bytes)
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.splitlines() == [
        "threadlog export: File too large",
        "What is in the folder is good; the same command goes on.",
    ]
    assert (await terminal.export("--check", folder)).code == 0
    assert [path.name for path in (folder / "events").iterdir()] == [
        "000000000001-000000000100.jsonl"
    ]
    assert (await terminal.export("events", "--to", folder)).code == 0
    recorder = ExportedLogRecorder(folder)
    async with LogReader(terminal.url) as reader:
        live = (await reader.read_after(0, limit=2 * EVENTS)).entries
    count = recorder.max_notification_id()
    assert count is not None
    assert count > EVENTS
    assert recorder.select_notifications(1, 2 * EVENTS) == live[:count]


async def test_what_is_asked_wrongly_is_refused_with_the_choices(
    terminal: Terminal, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    for arguments, told in (
        (("event", "--to", folder), "there is no dataset event; there are: events"),
        (("events", "--to", folder, "--after", 99999), "beyond the log's end, which is 3000"),
        (("events", "--to", folder, "--thread", uuid4()), "the log holds no thread"),
        (("--check", folder), "holds no manifest.json"),
    ):
        ran = await terminal.export(*arguments)
        assert (ran.code, ran.out) == (2, ""), arguments
        assert told in ran.err
    assert not (folder / "manifest.json").exists()


async def test_a_database_that_is_away_or_not_made_yet_is_told(
    terminal: Terminal, tmp_path: Path, postgres: EmbeddedPostgres
) -> None:
    not_migrated, _ = await new_database(postgres)
    for url, told in (
        ("postgresql://nobody@127.0.0.1:1/none", "Connect call failed"),
        (not_migrated, "threadlog migrate"),
    ):
        away = replace(terminal, environment=terminal.environment | {"THREADLOG_DATABASE_URL": url})
        ran = await away.export("--to", tmp_path / "copy")
        assert (ran.code, ran.out) == (1, "")
        assert told in ran.err
        assert len(ran.err.splitlines()) == 1


async def test_a_changed_export_is_an_exit_code(terminal: Terminal, tmp_path: Path) -> None:
    await terminal.export("events", "--to", tmp_path, "--format", "csv")
    (file,) = (tmp_path / "events").iterdir()
    file.write_bytes(file.read_bytes().replace(b"2999", b"2998", 1))
    checked = await terminal.export("--check", tmp_path)
    assert checked.code == 1
    assert "has the sha256" in checked.out


class Screen(io.StringIO):
    """What is written to a terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_tells_how_far_it_is() -> None:
    times = iter([0.0, 0.1, 0.5, 1.0])
    screen = Screen()
    shown = Shown(screen, clock=lambda: next(times))
    shown.begin("events", rows=1_000_000)
    shown.add(5_000)
    shown.add(5_000)
    shown.end("events", rows=10_000)
    assert screen.getvalue().split("\r") == [
        "",
        "events: 10,000 of 1,000,000 rows (1%), 20,000 rows/s, 0:49 left\x1b[K",
        "events: 10,000 rows in 1.0 s, 10,000 rows/s\x1b[K\n",
    ]
