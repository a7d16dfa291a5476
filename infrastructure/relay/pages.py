"""Reads of the log for the relay: few at a time, and patient while the log is away."""

import asyncio
import random
from collections.abc import Iterable

from application.ports import LogUnavailable
from infrastructure.relay.events import ThreadStreamEvent, stream_event
from infrastructure.relay.subject import LogReads, Subject, read_subject, tails_of

PAGE_EVENTS = 200
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


class Pages:
    """One for a process: at most `at_once` of its reads are under way."""

    def __init__(self, log: LogReads, *, at_once: int) -> None:
        self._log = log
        self._turn = asyncio.Semaphore(at_once)

    async def read(self, subject: Subject, *, after: int) -> list[ThreadStreamEvent]:
        """The next PAGE_EVENTS events after a position; fewer when it ends before.

        Waits as long as the log is away.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._turn:
                    entries = await read_subject(self._log, subject, after=after, limit=PAGE_EVENTS)
            except LogUnavailable:
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return [stream_event(entry) for entry in entries]

    async def tails(self, subjects: Iterable[Subject]) -> dict[Subject, int]:
        """The last position of each, in two queries at most. Raises LogUnavailable."""
        return await tails_of(self._log, subjects)
