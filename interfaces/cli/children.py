"""Child processes that are started again when they end unasked."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0
STEADY_SECONDS = 10.0  # who has run so long begins again with the shortest pause


class Child:
    """One `threadlog ROLE` process. It holds a pipe from us, and leaves when we are gone."""

    def __init__(
        self, role: str, *, environment: Mapping[str, str], name: str | None = None
    ) -> None:
        self.role = role
        self.name = name or role  # for people
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    @property
    def pid(self) -> int | None:
        """Of the process that runs now."""
        return self._process.pid if self._process else None

    async def run(self) -> None:
        """Start it and start it again, until `stop`."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping:
            began = time.monotonic()
            self._process = await self._spawn()
            code = await self._process.wait()
            if self._stopping:
                return
            if time.monotonic() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            print(
                f"threadlog: {self.name} ended ({_meaning(code)}), again in {pause:.1f} s",
                flush=True,
            )
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def stop(self, *, patience_seconds: float) -> None:
        """Ask it to leave; after `patience_seconds` make it."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience_seconds)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "interfaces.cli", self.role, "--with-parent"),
            stdin=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environment},
            start_new_session=True,  # Ctrl-C in the terminal is for us alone
        )


def _meaning(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
