"""A public event as clients get it: one JSON object, and the finished SSE block around it."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from domain.catalogue import BY_NAME
from infrastructure.event_log.entry import LogEntry

# The envelope is flat, `at` stands first and `data` last: what follows the match is the data as
# stored, and the closing brace of the envelope.
_ENVELOPE = re.compile(
    rb'\{"at":(\d+)(?:,"(?!data")\w+":(?:"(?:[^"\\]|\\.)*"|null|true|false|-?\d+))*,"data":'
)


class BrokenEnvelope(ValueError):
    """An event in the log has an envelope that the relay cannot read."""


def is_public(entry: LogEntry) -> bool:
    """May the thread's owner see it? Names that this version does not know are not for clients."""
    kind = BY_NAME.get(entry.name)
    return kind is not None and kind.public


def json_object(entry: LogEntry) -> bytes:
    """What `data:` holds, and an item of a JSON page: the same bytes, whoever asks and whenever.

    `data` is the stored text, not parsed. Raises BrokenEnvelope.
    """
    envelope = _ENVELOPE.match(entry.state)
    if envelope is None or not entry.state.endswith(b"}}"):
        raise BrokenEnvelope(f"{entry.topic} at position {entry.position}")
    return b'{"position":%d,"thread_id":"%s",%s"name":"%s","at":"%s","data":%s' % (
        entry.position,
        str(entry.thread_id).encode(),
        _subject(entry),
        entry.name.encode(),
        _time(int(envelope[1])),
        entry.state[envelope.end() :],
    )


def sse_block(entry: LogEntry) -> bytes:
    """The whole SSE block of a public event, `id` before `data`, in one line each."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        entry.position,
        entry.name.encode(),
        json_object(entry),
    )


def _subject(entry: LogEntry) -> bytes:
    """Whose event it is, besides the thread's."""
    match entry.name.partition(".")[0]:
        case "completion":
            return b'"completion_id":"%s",' % str(entry.originator_id).encode()
        case "tool":
            return b'"execution_id":"%s",' % str(entry.originator_id).encode()
        case _:
            return b""


def _time(microseconds: int) -> bytes:
    """ISO 8601 in UTC, cut to milliseconds."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return b"%s.%03dZ" % (_second(seconds), rest // 1000)


@lru_cache(maxsize=64)
def _second(seconds: int) -> bytes:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}".encode()
