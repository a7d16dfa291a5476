"""docs/projections.md adds a read model in five steps; here they are done, one after the other."""

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.thread_events import MessageAdded, MessageQueued
from infrastructure.embedded import EmbeddedPostgres
from infrastructure.migrations import migrate
from infrastructure.read_database import ReadDatabase, ReadTablesUnavailable
from tests.infrastructure.test_projector import until, write
from tests.projections.random_story import random_log
from tests.servers import new_database

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "projections.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "read_models" / "questions_per_day.py"
READ = "SELECT user_id, day, questions FROM read.questions_per_day ORDER BY 1, 2"


def test_the_page_shows_the_file_whole_and_has_five_steps() -> None:
    [shown] = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert shown == EXAMPLE.read_text(encoding="utf-8")
    [section] = [one for one in re.split(r"^## ", PAGE, flags=re.MULTILINE) if "five" in one[:40]]
    assert re.findall(r"^(\d)\. ", section, re.MULTILINE) == ["1", "2", "3", "4", "5"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Steps 1 and 2: the file where the page has it, and the line."""
    named = re.search(r"say `(support/\w+\.py)`", PAGE)
    line = re.search(r"`(THREADLOG_PROJECTIONS)=(\S+)`", PAGE)
    assert named is not None
    assert line is not None
    file = tmp_path / named[1]
    file.parent.mkdir()
    file.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return {
        **os.environ,
        line[1]: line[2],
        "PYTHONPATH": str(tmp_path),
        "THREADLOG_REDIS_URL": "redis://127.0.0.1:1/0",
        "THREADLOG_ALLOW_UNSAFE_DATABASE": "true",
    }


async def threadlog(*arguments: str, environment: Mapping[str, str]) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "interfaces.cli", *arguments),
        cwd=ROOT,
        env=environment,
        stdin=DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def said(*arguments: str, environment: Mapping[str, str]) -> str:
    """What a command says that succeeds."""
    process = await threadlog(*arguments, environment=environment)
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


@asynccontextmanager
async def projector(environment: Mapping[str, str]) -> AsyncGenerator[None]:
    """Step 3. Its log goes where nobody waits for it."""
    process = await threadlog("projector", environment=environment)
    reading = asyncio.create_task(process.communicate())
    try:
        yield
    finally:
        process.terminate()
        output, _ = await reading
    assert process.returncode == 0, output.decode()


async def test_the_five_steps(postgres: EmbeddedPostgres, environment: dict[str, str]) -> None:
    url, owner_url = await new_database(postgres)
    await migrate(owner_url, url)
    environment["THREADLOG_DATABASE_URL"] = url
    events = random_log(7, events=300, threads=10).events
    await write(url, events)
    asked = Counter(
        one.owner_id for one in events if isinstance(one.event, MessageAdded | MessageQueued)
    )
    tables = ReadDatabase(url, connections=1)

    async def rows() -> list[tuple[object, ...]]:
        async with tables.session() as session:
            return [tuple(row) for row in await session.execute(text(READ))]

    async def is_filled() -> bool:
        try:
            return await tables.wait_for_position(
                len(events), timeout_seconds=1, projection="questions_per_day"
            )
        except ReadTablesUnavailable:
            return False

    try:
        async with projector(environment):
            await until(is_filled)
            live = await rows()
            assert Counter({user: count for user, _, count in live}) == asked
            listed = await said("projections", environment=environment)
            assert re.search(r"^questions_per_day +1 .*following$", listed, re.MULTILINE)
            verified = await said(
                "projections", "verify", "questions_per_day", environment=environment
            )
            assert "equal to the log" in verified
            await said("projections", "rebuild", "questions_per_day", environment=environment)
            assert await rows() == live
            checkpoint = await tables.checkpoint("questions_per_day")
            assert checkpoint is not None
            assert checkpoint.slot == "green"
    finally:
        await tables.close()
