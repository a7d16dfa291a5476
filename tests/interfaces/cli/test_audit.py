"""`threadlog audit`: the same of a live database and of an export, and each live read written."""

import argparse
import asyncio
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from application.models import close_models, resolve_model
from domain.account_events import LogRead, ThreadRead
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.event_log import Codec, LogEntry
from infrastructure.event_log.lines import line_of
from infrastructure.event_log.reader import LogReader
from infrastructure.settings import Settings
from interfaces.cli.audit_run import run
from interfaces.cli.commands import _parser  # pyright: ignore[reportPrivateUsage]
from interfaces.cli.operator import actor
from interfaces.cli.tail import Wanted, follow_log
from tests.application.house import House, Running
from tests.application.provider_cases import agent
from tests.infrastructure.event_log.databases import LogDatabase, new_log
from tests.interfaces.cli.kept import keep
from tests.model_server import ModelServer, as_provider, ask

NAME = "openai-responses:gpt-5"
PAGE = Path(__file__).parents[3] / "docs" / "audit.md"
WHY = "Complaint 4711"


@dataclass
class Audited:
    """A log in a database and in a file, with one answered thread."""

    database: LogDatabase
    file: Path
    running: Running
    bodies: list[bytes]
    lines: list[bytes]

    @property
    def thread(self) -> str:
        return str(self.running.thread_id)

    async def live(self, *arguments: object) -> int:
        """Run it over the database; the exit code."""
        return await self._run([*map(str, arguments), "--reason", WHY])

    async def exported(self, *arguments: object) -> int:
        """The same over the file."""
        return await self._run([*map(str, arguments), "--export", str(self.file)])

    async def _run(self, arguments: Sequence[str]) -> int:
        options: argparse.Namespace = _parser().parse_args(["audit", *arguments])
        settings = Settings(
            database_url=SecretStr(self.database.url),
            redis_url=SecretStr("redis://nowhere"),
            data_dir=self.file.parent,
        )
        return await asyncio.to_thread(run, settings, options)

    async def entries(self, *, after: int) -> list[LogEntry]:
        async with LogReader(self.database.url, connections=1) as reader:
            return (await reader.read_after(after, limit=10_000)).entries


@pytest.fixture(scope="module")
async def audited(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    with ModelServer() as provider, as_provider(provider.url):
        house = House(resolve_model(NAME), spec=agent(NAME))
        running = await house.answer(ask(words=4, calls=[["look", {"q": "x"}]]))
        await close_models()
        bodies = [exchange.body for exchange in provider.exchanges]
    database = await new_log(postgres)
    await keep(running, database)
    file = tmp_path_factory.mktemp("audit") / "events.jsonl"
    found = Audited(database, file, running, bodies, [])
    found.lines += [line_of(entry) for entry in await found.entries(after=0)]
    file.write_bytes(b"".join(b"%b\n" % line for line in found.lines))
    return found


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


QUESTIONS = (
    "show THREAD --as-of END",
    "show THREAD --as-of 5 --all --json",
    "diff THREAD --to END",
    "diff THREAD --from 2 --to END --json",
    "replay THREAD --speed max --to END",
    "replay THREAD --speed max --from 4 --to END",
)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_an_export_says_what_the_database_says(
    audited: Audited, capsys: pytest.CaptureFixture[str], question: str
) -> None:
    filled = question.replace("THREAD", audited.thread).replace("END", str(len(audited.lines)))
    assert await audited.live(*shlex.split(filled)) == 0
    live = told(capsys)
    assert await audited.exported(*shlex.split(filled)) == 0
    assert told(capsys) == live
    assert live


async def test_the_answer_is_in_what_is_shown_and_typed(
    audited: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    text = audited.running.said.text
    for action in (("show",), ("replay", "--speed", "max")):
        assert await audited.exported(action[0], audited.thread, *action[1:]) == 0
        assert text.split()[-1] in told(capsys)
    await audited.exported("show", audited.thread, "--json")
    shown = json.loads(told(capsys))
    assert shown["completions"][0]["text"] == text
    assert shown["position"] == len(audited.lines)
    await audited.exported("show", audited.thread, "--as-of", 3)
    assert text.split()[-1] not in told(capsys)


async def test_a_difference_is_a_line_for_each_change(
    audited: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    await audited.exported("diff", audited.thread)
    lines = told(capsys).splitlines()
    assert lines[0] == f"from position 1 to {len(audited.lines)}"
    assert [line.split()[:2] for line in lines if line[0] == "+"] == [
        ["+", "messages"],
        ["+", "messages"],
        ["+", "completions"],
    ]
    assert any(line.startswith("~ thread head: null → ") for line in lines)


async def test_the_log_comes_byte_for_byte(
    audited: Audited, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    end = len(audited.lines)
    assert await audited.live("events", "--limit", end) == 0
    assert capsysbinary.readouterr().out.splitlines() == audited.lines
    for ask_ in (audited.live, audited.exported):
        names = "completion.chunk,completion.finished"
        await ask_("events", "--names", names, "--after", 3, "--limit", 2)
        shown = capsysbinary.readouterr().out.splitlines()
        wanted = [line for line in audited.lines[3:] if json.loads(line)["topic"][:-2] in names]
        assert shown == wanted[:2]


async def test_requests_are_compared_where_their_blobs_are(
    audited: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await audited.live("requests", audited.thread, "--body") == 0
    lines = told(capsys).splitlines()
    assert [line.endswith(" equal; completion.finished") for line in lines[::3]] == [True, True]
    assert [line.encode() for line in lines[1::3]] == audited.bodies
    assert [json.loads(line)["kind"] for line in lines[2::3]] == ["response", "response"]
    completion = audited.running.completion.id
    await audited.live("requests", audited.thread, "--completion", completion, "--json")
    shown = json.loads(told(capsys))["items"]
    assert [one["body"] for one in shown] == [json.loads(body) for body in audited.bodies]
    assert await audited.exported("requests", audited.thread) == 0
    assert all("the blob" in line for line in told(capsys).splitlines())


async def test_each_live_read_is_written_down_and_none_of_an_export(audited: Audited) -> None:
    before = (await audited.entries(after=0))[-1].position
    await audited.exported("show", audited.thread)
    await audited.exported("events")
    assert await audited.entries(after=before) == []
    await audited.live("show", audited.thread, "--as-of", 3)
    await audited.live("events", "--after", 5, "--names", "tool.failed")
    shown, read = map(Codec().decode, await audited.entries(after=before))
    assert shown.event == ThreadRead(audited.running.thread_id, "threadlog audit show as_of=3", WHY)
    assert read.event == LogRead("threadlog audit events after=5", 5, ("tool.failed",), WHY)
    assert {shown.actor, read.actor} == {actor()}
    assert {shown.thread_id, read.thread_id} == {None}


async def test_what_there_is_not_is_exit_code_2(
    audited: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    for asked in (audited.live, audited.exported):
        for wrong in (
            ("show", uuid4()),
            ("show", audited.thread, "--as-of", 0),
            ("show", audited.thread, "--as-of", 10**9),
            ("show", audited.thread, "--as-of", "2999-01-01T00:00:00Z"),
            ("replay", audited.thread, "--from", 5, "--to", 4),
            ("requests", audited.thread, "--completion", uuid4()),
            ("events", "--after", 10**9),
        ):
            assert await asked(*wrong) == 2, wrong
            assert capsys.readouterr().err.startswith("threadlog audit: ")


async def test_an_export_that_is_none_is_refused(
    audited: Audited, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Audited(audited.database, tmp_path, audited.running, [], [])
    assert await other.exported("show", audited.thread) == 2
    assert str(tmp_path) in capsys.readouterr().err


WRONG = (
    "audit",
    "audit show",
    "audit show nonsense --reason x",
    "audit show THREAD_ID --reason ''",
    "audit show THREAD_ID --as-of soon --reason x",
    "audit replay THREAD_ID --speed -1 --reason x",
    "audit requests THREAD_ID --attempt 0 --reason x",
    "audit events --names completion.imagined --reason x",
    "audit events --limit -1 --reason x",
)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_meant_is_refused(wrong: str) -> None:
    with pytest.raises(SystemExit) as refused:
        _parser().parse_args(shlex.split(wrong.replace("THREAD_ID", str(uuid4()))))
    assert refused.value.code == 2


def test_a_live_log_is_not_read_without_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    options = _parser().parse_args(["audit", "events"])
    assert options.handler(options) == 2
    assert "--reason" in capsys.readouterr().err
    options = _parser().parse_args(["audit", "events", "--follow", "--export", "nowhere"])
    assert options.handler(options) == 2


SHOWN = [
    line.removeprefix("./do threadlog ").partition(" #")[0].partition(" | ")[0].partition(" > ")[0]
    for line in PAGE.read_text().splitlines()
    if line.startswith("./do threadlog audit")
]


@pytest.mark.parametrize("shown", SHOWN)
def test_a_documented_command_is_understood(shown: str) -> None:
    filled = shown.replace("THREAD_ID", str(uuid4())).replace("COMPLETION_ID", str(uuid4()))
    assert _parser().parse_args(shlex.split(filled)).action


def test_the_page_shows_every_action() -> None:
    shown = {command.split()[1] for command in SHOWN}
    assert shown == {"show", "replay", "diff", "requests", "events"}


async def test_tail_shows_the_log_in_the_same_lines(
    audited: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = Wanted(after="0", names=(), follow=(), as_json=True)
    following = asyncio.create_task(follow_log(audited.database.url, wanted))
    shown = ""
    async with asyncio.timeout(20):
        while shown.count("\n") < len(audited.lines):
            await asyncio.sleep(0.01)
            shown += told(capsys)
    following.cancel()
    await asyncio.wait([following])
    assert shown.encode().split(b"\n")[: len(audited.lines)] == audited.lines
