"""Events as rows of named columns, for formats that have columns; and back, byte for byte."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from infrastructure.event_log.entry import LogEntry

COLUMNS: tuple[tuple[str, str], ...] = (
    ("position", "bigint"),
    ("stream_id", "uuid"),
    ("version", "bigint"),
    ("topic", "text"),
    ("thread_id", "uuid"),
    ("owner_id", "uuid"),
    ("recorded_at", "timestamp with time zone"),
    ("state", "text"),
    ("state_hex", "text"),
)


class EventRow(TypedDict):
    """As read; an empty text is as good as None where there may be none."""

    position: int | str
    stream_id: str
    version: int | str
    topic: str
    thread_id: str | None
    owner_id: str | None
    recorded_at: datetime | str
    state: str | None
    state_hex: str | None


def texts_of(state: bytes) -> tuple[str | None, str | None]:
    """`state` and `state_hex`: the second one where the bytes are not text, as some others' are."""
    try:
        text = state.decode()
    except UnicodeDecodeError:
        return None, state.hex()
    return (None, state.hex()) if "\0" in text else (text, None)


def entry_of(row: EventRow) -> LogEntry:
    """The event. Raises ValueError, TypeError."""
    at = row["recorded_at"]
    return LogEntry(
        id=int(row["position"]),
        originator_id=UUID(row["stream_id"]),
        originator_version=int(row["version"]),
        topic=row["topic"],
        state=_state(row),
        thread_id=_uuid(row["thread_id"]),
        owner_id=_uuid(row["owner_id"]),
        recorded_at=datetime.fromisoformat(at) if isinstance(at, str) else at,
    )


def _state(row: Mapping[str, object] | EventRow) -> bytes:
    if row["state_hex"]:
        return bytes.fromhex(str(row["state_hex"]))
    return str(row["state"] or "").encode()


def _uuid(text: str | None) -> UUID | None:
    return UUID(text) if text else None
