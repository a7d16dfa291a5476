"""The whole log as lines, by name if wanted, in pages of bounded work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.catalogue import BY_NAME
from infrastructure.audit.log import AuditedLog
from infrastructure.event_log.lines import line_of

PAGE_EVENTS = 500
WINDOW_POSITIONS = 20_000  # looked at by one statement, however rare the names are


@dataclass(frozen=True)
class Lines:
    """Some events as lines, and the position up to which there are no others."""

    body: bytes  # each line with its end
    events: int
    through: int


def topics_of(names: Collection[str] | None) -> list[str]:
    """The stored topics of some events of the catalogue, every revision; none for all events."""
    return [
        f"{name}@{revision}"
        for name in sorted(names or ())
        for revision in range(1, BY_NAME[name].revision + 1)
    ]


async def read_lines(
    log: AuditedLog, *, after: int, through: int, topics: Sequence[str], most: int = PAGE_EVENTS
) -> Lines:
    """The next lines of some topics (none: of all), up to `through` at the furthest.

    Go on after the answer's own `through`, which is greater than `after`. Raises LogUnavailable.
    """
    window = min(through, after + WINDOW_POSITIONS)
    limit = min(most, PAGE_EVENTS)
    entries = await log.read_range(after=after, through=window, topics=topics, limit=limit)
    body = b"".join(b"%b\n" % line_of(entry) for entry in entries)
    return Lines(body, len(entries), entries[-1].position if len(entries) == limit else window)
