"""Single events of the log by their position, for those who send them."""

from collections import OrderedDict
from collections.abc import Iterable

from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.reader import LogReader

MOST_KEPT = 1000
LARGEST_KEPT_BYTES = 16 * 1024


class Entries:
    """Those that were planned lately need not be read again."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._kept: OrderedDict[int, LogEntry] = OrderedDict()

    def keep(self, entries: Iterable[LogEntry]) -> None:
        """They will be asked for soon."""
        for entry in entries:
            if len(entry.state) <= LARGEST_KEPT_BYTES:
                self._kept[entry.position] = entry
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    async def at(self, position: int) -> LogEntry:
        """The event at a position that the log has. Raises LogUnavailable."""
        kept = self._kept.get(position)
        if kept is not None:
            return kept
        scan = await self._reader.read_after(position - 1, limit=1)
        return scan.entries[0]
