"""What became of appends whose answer never came: their own bytes in the log tell."""

from collections import defaultdict
from collections.abc import Sequence

from infrastructure.event_log.batch import NewEvent
from infrastructure.event_log.connection import Connection
from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.statements import statement
from infrastructure.event_log.submission import Submission


async def find_written(
    connection: Connection, submissions: Sequence[Submission]
) -> dict[Submission, list[LogEntry]]:
    """Those whose events stand in the log, byte for byte, with their entries in order.

    Events at an expected version are looked for there, others after the submission's horizon. A
    submission is written as a whole, so one foreign or missing event means that nothing of it was.
    """
    appends = [(s, append) for s in submissions for append in s.appends]
    rows = await connection.fetch(
        statement("written"),
        [append.stream_id for _, append in appends],
        [append.expected or 0 for _, append in appends],
        [0 if append.expected is not None else s.horizon or 0 for s, append in appends],
        [None if append.expected is None else len(append.events) for _, append in appends],
    )
    stored: dict[int, list[LogEntry]] = defaultdict(list)
    for row in rows:
        stored[row[0]].append(LogEntry(*row[1:]))
    found: dict[Submission, list[LogEntry]] = {s: [] for s in submissions}
    for place, (submission, append) in enumerate(appends, 1):
        run = _same_run(stored[place], append.events)
        if run is None:
            found.pop(submission, None)
        elif submission in found:
            found[submission] += run
    return {s: sorted(entries, key=lambda e: e.position) for s, entries in found.items()}


def _same_run(stored: list[LogEntry], events: Sequence[NewEvent]) -> list[LogEntry] | None:
    for start in range(len(stored) - len(events) + 1):
        run = stored[start : start + len(events)]
        if all((e.topic, e.state) == event for e, event in zip(run, events, strict=True)):
            return run
    return None
