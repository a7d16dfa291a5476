"""The terminal client in a real terminal."""

import asyncio
import os
import pty
import re
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from tests.model_server import ask
from tests.system.stack import KEY, Stack, eventually

CTRL_C, CTRL_D = b"\x03", b"\x04"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """What a person types, and the screen that they see."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._bytes = b""
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    def _read(self) -> None:
        try:
            self._bytes += os.read(self._descriptor, 65536)
        except OSError:  # the program has left
            asyncio.get_running_loop().remove_reader(self._descriptor)

    @property
    def screen(self) -> str:
        return ESCAPES.sub("", self._bytes.decode(errors="replace"))

    def type(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    async def shows(self, text: str, *, times: int = 1) -> None:
        await eventually(lambda: self.screen.count(text) >= times, seconds=20)


# Takes the terminal at its standard input for its own, so that Ctrl-C there is a signal.
AT_THE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@asynccontextmanager
async def terminal(*command: str, port: str) -> AsyncGenerator[tuple[Terminal, Process]]:
    """The command in a terminal of its own."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", AT_THE_TERMINAL, *command),
        env={**os.environ, "THREADLOG_PORT": port, "THREADLOG_API_KEY": KEY, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    screen = Terminal(ours)
    try:
        yield screen, process
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        if process.returncode is None:
            process.kill()
        await process.wait()
        os.close(ours)


async def test_ctrl_c_stops_the_answer_and_not_the_program(stack: Stack) -> None:
    port = stack.url.rpartition(":")[2]
    async with terminal("-m", "interfaces.cli", "chat", port=port) as (person, program):
        await person.shows("> ")
        person.type(ask("go", words=None, gap_seconds=0.02).encode() + b"\n")
        await person.shows("w20 ")
        person.type(CTRL_C)
        await person.shows("[stopped]")
        await person.shows("> ", times=2)
        person.type(CTRL_C)
        await person.shows("Ctrl-D leaves", times=2)
        person.type(ask("again", text="Still here.").encode() + b"\n")
        await person.shows("\nStill here.")
        await eventually(lambda: person.screen.endswith("> "))
        person.type(CTRL_D)
        assert await asyncio.wait_for(program.wait(), 20) == 0
