"""Is anything still under way in a thread? What a stream that ends when idle asks."""

from uuid import UUID

from application.threads import Threads
from domain.catalogue import TERMINAL_NAMES
from domain.execution_events import ExecutionDispatched
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.reader import LogReader


class Activity:
    """One for each such stream: what it has read of the log it does not read again."""

    def __init__(self, thread_id: UUID, *, threads: Threads, reader: LogReader) -> None:
        self._thread_id = thread_id
        self._threads = threads
        self._reader = reader
        self._codec = Codec()
        self._position = 0
        self._open_tools: set[UUID] = set()  # whose results begin an answer by themselves

    async def is_idle(self) -> bool:
        """Nothing runs or waits for a person, nothing is queued, no open tool will go on.

        What has arrived and waits for the next message is not under way. Raises LogUnavailable.
        """
        thread = await self._threads.get(self._thread_id)
        if thread.turn is not None or thread.queue:
            return False
        await self._follow_tools()
        if thread.version != (await self._threads.get(self._thread_id)).version:
            return False  # a tool has ended meanwhile, and an answer may have begun
        return not (self._open_tools and thread.goes_on)

    async def _follow_tools(self) -> None:
        entries = await self._reader.read_thread(
            self._thread_id, after=self._position, chunks=False
        )
        for entry in entries:
            self._position = entry.position
            if entry.name == "tool.dispatched":
                dispatched = self._codec.decode(entry).event
                if isinstance(dispatched, ExecutionDispatched) and dispatched.continues:
                    self._open_tools.add(entry.originator_id)
            elif entry.name in TERMINAL_NAMES:
                self._open_tools.discard(entry.originator_id)
