"""Public events as JSON, page by page: the same objects that a stream sends."""

from collections.abc import Collection, Sequence

from infrastructure.relay.frames import is_public, json_object
from infrastructure.relay.subject import LogReads, Subject, read_subject

READ_EVENTS = 1000  # at once
MOST_READS = 20  # for one page; what is wanted may be rare in a long log


async def event_page(
    log: LogReads,
    subject: Subject,
    *,
    after: int,
    limit: int,
    names: Collection[str] | None,
) -> bytes:
    """`{"items": […], "next": …}`; `next` is the position to go on after, null at the end.

    May hold fewer than `limit` events before the end. Raises LogUnavailable.
    """
    items: list[bytes] = []
    last = after
    ahead = limit + 1 if names is None else READ_EVENTS  # most events are public
    for _ in range(MOST_READS):
        entries = await read_subject(log, subject, after=after, limit=ahead)
        for entry in entries:
            if is_public(entry) and (names is None or entry.name in names):
                if len(items) == limit:
                    return _page(items, after=last)
                items.append(json_object(entry))
                last = entry.position
            after = entry.position
        if len(entries) < ahead:
            return _page(items, after=None)
        ahead = READ_EVENTS
    return _page(items, after=after)


def _page(items: Sequence[bytes], *, after: int | None) -> bytes:
    cursor = b"null" if after is None else b'"%d"' % after
    return b'{"items":[%b],"next":%b}' % (b",".join(items), cursor)
