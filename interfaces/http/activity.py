"""Is anything still under way in a thread? What a stream that ends when idle asks."""

from uuid import UUID

from application.threads import Threads
from domain.catalogue import TERMINAL_NAMES
from infrastructure.event_log.reader import LogReader


class Activity:
    """One for each such stream: what it has read of the log it does not read again."""

    def __init__(self, thread_id: UUID, *, threads: Threads, reader: LogReader) -> None:
        self._thread_id = thread_id
        self._threads = threads
        self._reader = reader
        self._position = 0
        self._open_tools: set[UUID] = set()

    async def is_idle(self) -> bool:
        """Nothing runs, nothing is queued, and no open tool will continue the thread.

        Raises LogUnavailable.
        """
        thread = await self._threads.get(self._thread_id)
        if thread.turn is not None or thread.queue or thread.results:
            return False
        await self._follow_tools()
        return not self._open_tools

    async def _follow_tools(self) -> None:
        entries = await self._reader.read_thread(
            self._thread_id, after=self._position, chunks=False
        )
        for entry in entries:
            self._position = entry.position
            if entry.name == "tool.dispatched":
                self._open_tools.add(entry.originator_id)
            elif entry.name in TERMINAL_NAMES:
                self._open_tools.discard(entry.originator_id)
