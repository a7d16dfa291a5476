"""A whole Threadlog as a user starts it: `threadlog up` and the processes that it runs."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import psutil

KEY = "tl_the_key_of_the_tests"


class Stack:
    """The running processes, and how to reach them."""

    def __init__(self, process: subprocess.Popen[bytes], *, port: int, output: Path) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{port}"
        self.output = output

    def processes(self, role: str) -> list[psutil.Process]:
        """Those of one role that live now."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        return [child for child in children if role in _words(child)]

    def family(self) -> list[psutil.Process]:
        """The launcher and every process below it, then the embedded servers."""
        launcher = psutil.Process(self._process.pid)
        data = str(self.output.parent)
        servers = [one for one in psutil.process_iter() if _mentions(one, data)]
        return [launcher, *launcher.children(recursive=True), *servers]

    def worker(self, worker_id: str) -> psutil.Process:
        """The process of a worker, which says who it is when it starts."""
        found = re.search(rf"worker\[(\d+)\] .*{worker_id}", self.logged())
        assert found is not None, self.logged()
        return psutil.Process(int(found[1]))

    def logged(self) -> str:
        """Everything that the processes have printed."""
        return self.output.read_text(errors="replace")

    async def stop(self) -> int:
        """Ctrl-C; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return await asyncio.to_thread(self._process.wait, 30)

    async def ready(self) -> None:
        """Until it answers requests."""
        async with httpx2.AsyncClient() as http:
            await eventually(lambda: self._is_ready(http), seconds=60)

    async def _is_ready(self, http: httpx2.AsyncClient) -> bool:
        assert self._process.poll() is None, self.logged()
        return await is_ready(http, self.url)


def _mentions(process: psutil.Process, text: str) -> bool:
    return any(text in word for word in _words(process))


def _words(process: psutil.Process) -> list[str]:
    try:
        return " ".join(process.cmdline()).split()
    except psutil.Error:
        return []


@asynccontextmanager
async def running(environment: Mapping[str, str]) -> AsyncGenerator[Stack]:
    """`threadlog up` in an empty folder with these variables; stopped at the end, whole."""
    with tempfile.TemporaryDirectory(prefix="threadlog-up-", dir="/tmp") as folder:
        stack = start(Path(folder), environment)
        try:
            await stack.ready()
            yield stack
        finally:
            await stack.stop()


def start(folder: Path, environment: Mapping[str, str]) -> Stack:
    """Begin, and do not wait."""
    folder.chmod(0o755)  # as root the embedded servers work as another user
    port = free_port()
    variables = {
        "THREADLOG_PORT": str(port),
        "THREADLOG_API_KEY": KEY,
        "THREADLOG_DATA_DIR": str(folder / "data"),
        "THREADLOG_ALLOW_UNSAFE_DATABASE": "true",  # tests run on a fast one
        "THREADLOG_TOOL_WORKERS": "0",  # one process less to start
    }
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "interfaces.cli", "up"],
            env={**os.environ, **variables, **environment},
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    return Stack(process, port=port, output=output)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def is_ready(http: httpx2.AsyncClient, url: str) -> bool:
    """Does the API there say that it can serve?"""
    try:
        return (await http.get(f"{url}/readyz")).is_success
    except httpx2.TransportError:
        return False


async def eventually(
    condition: Callable[[], object], *, seconds: float = 10.0, every_seconds: float = 0.02
) -> float:
    """Wait until it is true, or its awaited answer is; the seconds that it took."""
    began = time.monotonic()
    while True:
        answer = condition()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return time.monotonic() - began
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {condition}"
        await asyncio.sleep(every_seconds)
