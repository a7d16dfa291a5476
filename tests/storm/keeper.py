"""Keeps one command running, as an init system would: started again when it ends unasked."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

AGAIN_SECONDS = 0.2
LEAVE_SECONDS = 60.0


class Keeper:
    """`threadlog COMMAND` with these variables; what it prints goes to `output`."""

    def __init__(
        self, command: str, *, environment: Mapping[str, str], output: Path, code: Path
    ) -> None:
        self._command = command
        self._environment = environment
        self._output = output
        self._code = code
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.crashes: list[int] = []
        """Exit codes of processes that ended though nobody had asked or killed them."""

    @property
    def pid(self) -> int | None:
        """Of the process that lives now."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Run it from now on."""
        self._task = asyncio.create_task(self._keep())

    async def once(self) -> None:
        """Run it to its end. AssertionError when that is not a good one."""
        process = self._process = await self._spawn()
        assert await process.wait() == 0, self._output.read_text(errors="replace")

    async def stop(self) -> bool:
        """SIGTERM; did it leave by itself in time? Safe to repeat."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        process = self._process
        if process is None or process.returncode is not None:
            return True
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), LEAVE_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
            return False
        return True

    async def _keep(self) -> None:
        while True:
            self._process = await self._spawn()
            code = await self._process.wait()
            if code not in (0, -signal.SIGTERM, -signal.SIGKILL):
                self.crashes.append(code)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self._output.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "interfaces.cli", self._command),
                env={**os.environ, **self._environment},
                cwd=self._code,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
