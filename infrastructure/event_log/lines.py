"""Stored events as lines of JSON and back, byte for byte: how the log leaves and comes back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json

from infrastructure.event_log.entry import LogEntry


class LineIsMalformed(Exception):
    """The line does not hold an event of a log."""


def line_of(entry: LogEntry) -> bytes:
    """One line, its end not included. `state` is the stored JSON as it is, always the last key.

    What another application has stored that is not JSON, or not in one line, stands in `state_hex`.
    """
    head = (
        f'{{"position":{entry.position},"stream_id":"{entry.originator_id}"'
        f',"version":{entry.originator_version},"topic":{to_json(entry.topic).decode()}'
        f',"thread_id":{_quoted(entry.thread_id)},"owner_id":{_quoted(entry.owner_id)}'
        f',"recorded_at":"{entry.recorded_at.isoformat()}"'
    ).encode()
    if _is_one_line_of_json(entry.state):
        return b'%b,"state":%b}' % (head, entry.state)
    return b'%b,"state_hex":"%b"}' % (head, entry.state.hex().encode())


def entry_of(line: bytes) -> LogEntry:
    """The event of a line that `line_of` has written. Raises LineIsMalformed."""
    try:
        head, state = _halves(line)
        return LogEntry(
            id=int(head["position"]),
            originator_id=UUID(head["stream_id"]),
            originator_version=int(head["version"]),
            topic=str(head["topic"]),
            state=state,
            thread_id=_uuid(head["thread_id"]),
            owner_id=_uuid(head["owner_id"]),
            recorded_at=datetime.fromisoformat(head["recorded_at"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise LineIsMalformed(f"{type(error).__name__}: {error}") from None


def _halves(line: bytes) -> tuple[dict[str, Any], bytes]:
    """What stands before the state, and the state as it was stored."""
    head, found, state = line.rstrip().partition(b',"state":')
    if found:
        return from_json(head + b"}"), state[:-1]
    whole = from_json(line)
    return whole, bytes.fromhex(whole["state_hex"])


def _quoted(known: UUID | None) -> str:
    return "null" if known is None else f'"{known}"'


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _is_one_line_of_json(state: bytes) -> bool:
    if b"\n" in state or b"\r" in state:  # many readers end a line at either
        return False
    try:
        from_json(state, allow_inf_nan=False)
    except ValueError:
        return False
    return True
