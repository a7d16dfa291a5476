"""`threadlog projections`: what an operator sees of the read models and does to them."""

import asyncio
import json
import shlex
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from io import StringIO
from typing import Any

import pytest
from pydantic import SecretStr

from application.ports import StreamAppend
from benchmarks.rig.conversations import fill
from docs.examples.read_models.questions_per_day import QUESTIONS_PER_DAY
from domain.ids import projection_stream
from domain.operation_events import (
    ProjectionPaused,
    ProjectionResumed,
    ProjectionSkipped,
    ProjectionSwapped,
)
from domain.thread_events import ThreadRenamed
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import PostgresEventLog
from infrastructure.event_log.connection import connected
from infrastructure.projecting.projector import Projector
from infrastructure.projecting.swapping import Progress
from infrastructure.settings import Settings
from interfaces.cli.commands import _parser  # pyright: ignore[reportPrivateUsage]
from interfaces.cli.operator import actor
from interfaces.cli.projections_acts import act
from interfaces.cli.projections_progress import Shown
from interfaces.cli.projections_table import show
from projections.record import RECORD
from projections.threads import Thread
from tests.infrastructure.test_projector import running, shown, stopped, until, write
from tests.projections.random_story import random_log
from tests.projections.story import WORKER, Log, Story
from tests.projections.tables import Tables, tables_in
from tests.servers import FAST, serving

SETTING = "docs.examples.read_models.questions_per_day:QUESTIONS_PER_DAY"
BOTH = (RECORD, QUESTIONS_PER_DAY)


@dataclass
class Terminal:
    """Types `threadlog projections …` and reads what it says."""

    tables: Tables
    output: pytest.CaptureFixture[str]
    projections: str = SETTING

    async def type(self, line: str = "") -> tuple[int, str]:
        """The exit code, and what was printed: standard output and error."""
        options = _parser().parse_args(["projections", *shlex.split(line)])
        settings = Settings(
            database_url=SecretStr(self.tables.url),
            redis_url=SecretStr("redis://127.0.0.1:1/0"),
            projections=self.projections,
        )
        self.output.readouterr()
        if hasattr(options, "act"):
            code = await asyncio.to_thread(act, settings, options)
        else:
            code = await asyncio.to_thread(show, settings, as_json=options.json)
        told = self.output.readouterr()
        return code, told.out + told.err

    async def rows(self) -> dict[str, dict[str, Any]]:
        """What `--json` tells, by name."""
        code, told = await self.type("--json")
        assert code == 0, told
        return {row["name"]: row for row in map(json.loads, told.splitlines())}


@pytest.fixture
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Of a new database, empty."""
    async with tables_in(postgres) as tables:
        yield tables


@pytest.fixture
def terminal(tables: Tables, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tables, capsys)


def projector(tables: Tables) -> Projector:
    return Projector(tables.url, projections=BOTH, retry_seconds=0.05)


async def shown_both(tables: Tables, position: int) -> None:
    for projection in BOTH:
        assert await tables.reading.wait_for_position(
            position, timeout_seconds=30, projection=projection.name
        )


async def acts_of(tables: Tables, name: str) -> list[object]:
    """What was done to it, and it was us."""
    async with PostgresEventLog(tables.url) as log:
        recorded = await log.read_stream(projection_stream(name))
    assert {one.actor for one in recorded} <= {actor()}
    return [one.event for one in recorded]


async def test_the_table_tells_how_each_read_model_stands(
    tables: Tables, terminal: Terminal
) -> None:
    log = random_log(3, events=200)
    await write(tables.url, log.events)
    last = len(log.events)
    row = (await terminal.rows())["record"]
    assert (row["position"], row["lag_events"], row["last_position"]) == (0, last, last)
    assert row["lag_seconds"] > 0
    assert row["state"] == "no projector leads"
    async with running(projector(tables)):
        await shown_both(tables, last)
        code, told = await terminal.type()
        head, *lines = told.splitlines()
        assert code == 0
        assert head.split() == ["name", "version", "position", "lag", "seconds", "rate", "state"]
        cells = {line.split()[0]: line.split()[1:] for line in lines}
        assert cells["record"] == [str(RECORD.version), f"{last}", "0", "0.0", "0/s", "following"]
        assert cells["questions_per_day"][-1] == "following"


async def test_what_does_not_concern_a_read_model_does_not_wait(
    tables: Tables, terminal: Terminal
) -> None:
    log = Log()
    Story(log).start().thread(ThreadRenamed("Journey"))
    await write(tables.url, log.events)
    rows = await terminal.rows()
    assert rows["record"]["lag_seconds"] > 0
    assert rows["questions_per_day"]["lag_seconds"] == 0
    assert rows["questions_per_day"]["state"] == "has never run"


async def test_a_poisonous_event_stops_one_read_model_until_somebody_decides(
    tables: Tables, terminal: Terminal
) -> None:
    log = Log()
    story = Story(log).start(title="Trip")
    orphan = story.claim(WORKER)
    story.ask("Hello")
    await write(tables.url, log.events)
    last = len(log.events)
    async with running(projector(tables)):
        assert (await stopped(tables)).stopped_at == orphan
        assert await tables.reading.wait_for_position(
            last, timeout_seconds=30, projection="questions_per_day"
        )
        rows = await terminal.rows()
        why = f"RowIsMissing: Completion {WORKER}"
        assert rows["record"]["state"] == f"stopped before {orphan}: {why}"
        assert (rows["record"]["stopped_at"], rows["record"]["error"]) == (orphan, why)
        assert rows["questions_per_day"]["state"] == "following"
        code, told = await terminal.type("rebuild record")
        assert code == 1
        assert f"stopped before position {orphan}: {why}" in told
        rows = await terminal.rows()
        assert f"half made again: {100 * (orphan - 1) // last} %" in rows["record"]["state"]
        for line in (f"skip record --position {orphan + 1}", "skip questions_per_day --position 1"):
            code, told = await terminal.type(line)
            assert code == 2, told
        code, told = await terminal.type(f"skip record --position {orphan + 1}")
        assert f"It stands before {orphan}, not there." in told
        assert await acts_of(tables, "record") == []
        code, told = await terminal.type(f"skip record --position {orphan} --reason 'an orphan'")
        assert code == 0, told
        await shown(tables, last)
        assert (await tables.one(Thread)).user_message_count == 1
        skipped = ProjectionSkipped("record", RECORD.version, orphan, why, "an orphan")
        assert await acts_of(tables, "record") == [skipped]
        assert (await terminal.type("rebuild record"))[0] == 0
        assert (await terminal.type("verify record"))[0] == 0


async def test_a_paused_read_model_stands_still_and_the_others_go_on(
    tables: Tables, terminal: Terminal
) -> None:
    log = Log()
    story = Story(log).start()
    async with running(projector(tables)):
        await write(tables.url, log.events)
        await shown_both(tables, 1)
        assert (await terminal.type("pause record"))[0] == 0
        assert await terminal.type("pause record") == (0, "record: is paused already\n")
        at = (await tables.copy()).position
        async with PostgresEventLog(tables.url) as appending:
            last = await ask(appending, log, story)
        assert await tables.reading.wait_for_position(
            last, timeout_seconds=30, projection="questions_per_day"
        )
        rows = await terminal.rows()
        assert rows["record"]["position"] == at
        assert rows["record"]["state"] == "paused"
        assert rows["record"]["lag_seconds"] > 0
        code, told = await terminal.type("rebuild record")
        assert code == 0, told
        rebuilt = (await tables.copy()).position
        assert rebuilt >= last
        assert (await terminal.rows())["record"]["state"] == "paused"
        assert (await terminal.type("resume record"))[0] == 0
        assert await terminal.type("resume record") == (0, "record: was not paused\n")
        await shown(tables, rebuilt + 2)
    expected = [ProjectionPaused("record"), ProjectionResumed("record")]
    acts = await acts_of(tables, "record")
    assert [one for one in acts if not isinstance(one, ProjectionSwapped)] == expected


async def test_a_rebuild_is_shown_and_can_be_taken_back(tables: Tables, terminal: Terminal) -> None:
    log = random_log(3, events=200)
    await write(tables.url, log.events)
    async with running(projector(tables)):
        await shown_both(tables, len(log.events))
        code, told = await terminal.type("rollback record")
        assert (code, "no copy before" in told) == (1, True)
        code, told = await terminal.type("rebuild record")
        assert code == 0
        assert told.startswith("record: readers see the tables made from the log through ")
        assert (await tables.copy()).slot == "green"
        assert (await terminal.type("rollback record"))[0] == 0
        assert (await tables.copy()).slot == "blue"
    acts = await acts_of(tables, "record")
    assert [type(one) for one in acts] == [ProjectionSwapped, ProjectionSwapped]


async def test_a_second_rebuild_at_once_is_refused(tables: Tables, terminal: Terminal) -> None:
    lock = "SELECT pg_advisory_lock(hashtextextended('threadlog.rebuild.record', 0))"
    async with connected(tables.owner_url) as other:
        await other.execute(lock)
        code, told = await terminal.type("rebuild record")
    assert (code, told) == (1, "threadlog projections: It is being made again already.\n")


async def test_verify_names_the_rows_that_are_not_as_the_log_makes_them(
    tables: Tables, terminal: Terminal
) -> None:
    log = random_log(3, events=200)
    await write(tables.url, log.events)
    async with running(projector(tables)):
        await shown_both(tables, len(log.events))
        for line in ("verify record", "verify record --sample 50%", "verify questions_per_day"):
            code, told = await terminal.type(line)
            assert code == 0, told
        code, told = await terminal.type("verify questions_per_day --sample 5")
        assert (code, "verify all of it" in told) == (1, True)
        bad = (await tables.dump())["threads"][0]["id"]
        async with connected(tables.owner_url) as superuser:
            await superuser.execute("UPDATE read_blue.threads SET title = 'x' WHERE id = $1", bad)
        code, told = await terminal.type("verify record")
    assert code == 1
    assert f"    differs id={bad}: title\n" in told
    assert "title = " not in told


@pytest.mark.parametrize("action", ["rebuild", "rollback", "verify", "pause", "resume"])
async def test_an_unknown_read_model_is_answered_with_the_known_ones(
    terminal: Terminal, action: str
) -> None:
    code, told = await terminal.type(f"{action} nobody")
    assert code == 2
    assert "'nobody'" in told
    assert "record" in told
    assert "questions_per_day" in told


@pytest.mark.parametrize(
    "line",
    [
        "skip record",
        "skip record --position soon",
        "verify record --sample 0",
        "verify record --sample 101",
        "verify record --sample many",
        "explode record",
        "rebuild",
    ],
)
async def test_what_cannot_be_meant_is_refused(terminal: Terminal, line: str) -> None:
    with pytest.raises(SystemExit) as refused:
        await terminal.type(line)
    assert refused.value.code == 2


async def test_a_setting_that_names_no_read_model_is_told(terminal: Terminal) -> None:
    terminal.projections = "nowhere:NOTHING"
    with pytest.raises(SystemExit) as refused:
        await terminal.type("rebuild record")
    assert refused.value.code == 2


async def test_without_the_database_it_says_so_and_goes_on_later(
    postgres_major: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(partial(EmbeddedPostgres, major=postgres_major, settings=FAST)) as own:
        async with tables_in(own) as tables:
            terminal = Terminal(tables, capsys)
            async with PostgresEventLog(tables.url) as log:
                await fill(log, conversations=10, turns=40)
                last = await log.reader.last_position()
            async with running(Projector(tables.url, projections=[RECORD])):
                await shown(tables, last)
            rebuilding = asyncio.create_task(terminal.type("rebuild record"))

            async def has_begun() -> bool:
                copies = await tables.reading.checkpoints()
                return any(not copy.active and copy.position for copy in copies)

            await until(has_begun)
            await asyncio.to_thread(own.stop, wait_seconds=20)
            code, told = await rebuilding
            assert code == 1
            assert "the database is away" in told
            code, told = await terminal.type()
            assert code == 1
            assert "the database is away" in told
            await asyncio.to_thread(own.start)
            code, told = await terminal.type("rebuild record")
            assert code == 0, told
            assert (await terminal.type("verify record"))[0] == 0


async def ask(appending: PostgresEventLog, log: Log, story: Story) -> int:
    """A question in a thread that began with the log's first event; the position of its last."""
    story.ask("Hello")
    position = 0
    for event in log.events[1:]:
        append = StreamAppend(
            event.stream_id, event.version - 1, [event.event], event.thread_id, event.owner_id
        )
        [recorded] = await appending.append(append, actor="test")
        position = recorded.position
    return position


class Screen(StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_is_a_bar_on_a_terminal_and_a_line_now_and_then_elsewhere() -> None:
    for out, said in ((Screen(), 3), (StringIO(), 1)):
        seconds = iter([0.0, 0.0, 1.0, 2.0, 5.0])
        shown = Shown(out, clock=partial(next, seconds))
        for position in (100, 200, 300, 600):
            shown(Progress(position, 1100))
        shown.end()
        text = out.getvalue()
        assert text.count("left") == said
        assert "600 of 1,100 (55%), 100/s, 0:05 left" in text
        assert ("[################              ]" in text) == (said == 3)
