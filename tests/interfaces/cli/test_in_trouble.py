"""What a person reads when nothing runs, or when their terminal knows few characters."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.system.stack import KEY, free_port

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\nretry: 1000\n\n"


def threadlog(*arguments: str) -> tuple[str, ...]:
    return sys.executable, "-m", "interfaces.cli", *arguments


async def test_doctor_speaks_to_a_terminal_of_ascii_and_lets_no_setting_command_it(
    tmp_path: Path,
) -> None:
    variables = {
        "THREADLOG_DATA_DIR": str(tmp_path / "\x1b[31m"),
        "THREADLOG_PORT": str(free_port()),
        "PYTHONIOENCODING": "ascii",
    }
    process = await asyncio.create_subprocess_exec(
        *threadlog("doctor"), env=os.environ | variables, stdout=PIPE, stderr=PIPE
    )
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, errors) == (1, b"")
    assert b"? ./do run" in output
    assert b"/?[31m" in output
    assert b"\x1b" not in output


async def test_tail_tells_of_each_outage_of_the_api_once() -> None:
    attempts = 0
    enough = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        await reader.readuntil(b"\r\n\r\n")
        if attempts == 3:
            writer.write(STREAM)
        if attempts == 6:
            enough.set()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = str(server.sockets[0].getsockname()[1])
        variables = {"THREADLOG_PORT": port, "THREADLOG_API_KEY": KEY}
        process = await asyncio.create_subprocess_exec(
            *threadlog("tail"), env=os.environ | variables, stdout=PIPE, stderr=PIPE
        )
        try:
            await asyncio.wait_for(enough.wait(), 30)
        finally:
            process.terminate()
            output, errors = await process.communicate()
    assert output == b""
    told = errors.decode().splitlines()
    assert len(told) == 2
    assert all(line.startswith("threadlog: the API cannot be reached") for line in told)
