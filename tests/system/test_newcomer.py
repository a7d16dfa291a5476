"""The first ten minutes: two commands, nothing installed, nothing left behind."""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil

from tests.system.client import connected
from tests.system.stack import Stack, start

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
ASKED = re.findall(r'\./do threadlog chat "(.*?)"', README)
PLAIN = {  # one worker starts sooner
    "THREADLOG_API_KEY": "",
    "THREADLOG_WORKERS": "1",
    "THREADLOG_TOOL_WORKERS": "1",
}


@contextmanager
def empty_folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="threadlog-new-", dir="/tmp") as folder:
        yield Path(folder)


@asynccontextmanager
async def started(folder: Path) -> AsyncGenerator[Stack]:
    stack = start(folder, PLAIN)
    try:
        await stack.ready()
        yield stack
    finally:
        await stack.stop()


async def chat(stack: Stack, folder: Path, question: str) -> tuple[int, str]:
    """`threadlog chat QUESTION` in another terminal."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "interfaces.cli", "chat", question),
        env={
            **os.environ,
            "THREADLOG_PORT": stack.url.rpartition(":")[2],
            "THREADLOG_DATA_DIR": str(folder / "data"),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_two_commands_lead_to_an_answer_and_ctrl_c_leaves_nothing_behind() -> None:
    with empty_folder() as folder:
        async with started(folder) as stack:
            shown = await asyncio.gather(*(chat(stack, folder, question) for question in ASKED))
            assert [code for code, _ in shown] == [0, 0]
            assert all(len(answer.split()) > 10 for _, answer in shown)
            assert "\nrun_analysis has come back: In the last 30 days " in shown[1][1]
            key_file = folder / "data" / "api_key"
            assert key_file.stat().st_mode & 0o777 == 0o600
            key = key_file.read_text().strip()
            assert stack.logged().count(key) == 1
            family = stack.family()
            assert len(family) > 6  # up, api, two workers, projector, two servers
            assert await stack.stop() == 0
            _, alive = psutil.wait_procs(family, timeout=10)
            assert alive == []

        async with started(folder) as stack, connected(stack.url, key=key) as client:
            assert key not in stack.logged()
            threads = (await client.get("/v1/threads"))["items"]
            assert len(threads) == len(ASKED)
            for thread in threads:
                log = await client.public_log(thread["id"])
                assert log[-2]["name"] == "completion.finished"
