"""What became of an append whose answer never came: its own bytes in the log say it was written."""

from collections.abc import Sequence

from infrastructure.event_log.batch import NewEvent, NewEvents
from infrastructure.event_log.connection import Connection
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.statements import statement


async def find_written(
    connection: Connection, appends: Sequence[NewEvents], *, after: int
) -> list[LogEntry] | None:
    """These events as they stand in the log, byte for byte, or None.

    Events at an expected version are looked for there, others after position `after`. The appends
    are one transaction, so one foreign or missing event means that nothing of them was written.
    """
    entries: list[LogEntry] = []
    for append in appends:
        strict = append.expected is not None
        low = append.expected if strict else 0
        limit = len(append.events) if strict else None
        rows = await connection.fetch(
            statement("written"), append.stream_id, low, 0 if strict else after, limit
        )
        run = _same_run([LogEntry(*row) for row in rows], append.events)
        if run is None:
            return None
        entries += run
    return sorted(entries, key=lambda entry: entry.position)


def _same_run(stored: list[LogEntry], events: Sequence[NewEvent]) -> list[LogEntry] | None:
    for start in range(len(stored) - len(events) + 1):
        run = stored[start : start + len(events)]
        if all((e.topic, e.state) == event for e, event in zip(run, events, strict=True)):
            return run
    return None
