"""Reads of the log for the relay: few at a time, and patient while the log is away."""

import asyncio
import random
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from application.ports import LogUnavailable
from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.events import ThreadStreamEvent, stream_event

PAGE_EVENTS = 200
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0


class ThreadReads(Protocol):
    """What the relay asks of the log. Both raise LogUnavailable and are safe to repeat."""

    async def read_thread_public(
        self, thread_id: UUID, *, after: int, limit: int
    ) -> list[LogEntry]:
        """All events of a thread after a position, in order, each with its `previous`.

        Those that are not public come too, without their state.
        """
        ...

    async def thread_tails(self, thread_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last position of each thread, 0 for one without events."""
        ...


class Pages:
    """One for a process: at most `at_once` of its reads are under way."""

    def __init__(self, log: ThreadReads, *, at_once: int) -> None:
        self._log = log
        self._turn = asyncio.Semaphore(at_once)

    async def read(self, thread_id: UUID, *, after: int) -> list[ThreadStreamEvent]:
        """The thread's next PAGE_EVENTS events after a position; fewer when it ends before.

        Waits as long as the log is away.
        """
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._turn:
                    entries = await self._log.read_thread_public(
                        thread_id, after=after, limit=PAGE_EVENTS
                    )
            except LogUnavailable:
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
            else:
                return [stream_event(entry) for entry in entries]

    async def tails(self, thread_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The last position of each thread, in one query. Raises LogUnavailable."""
        return await self._log.thread_tails(thread_ids)
