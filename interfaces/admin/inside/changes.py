"""What one event changed, field by field, as a person reads it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from application.audit.difference import Changes, Difference, RowChanges
from domain.jsonvalue import JsonObject
from interfaces.admin.formats import short

VALUE_CHARACTERS = 300
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Places in the log and whose it is: every row has them, and no event is about them.
_BOOKKEEPING = frozenset(
    {"id", "position", "active_position", "updated_at", "user_id", "thread_id", "created_at"}
    | {"last_message_position", "last_message_preview", "last_message_role", "last_message_at"}
)
_INTERNAL = frozenset({"error_details", "lost_workers", "handovers", "model_asked_at", "model_ms"})


@dataclass(frozen=True)
class Change:
    """A field of something: what it was and what it is; of a new thing only the latter."""

    kind: Literal["added", "removed", "changed"]
    what: str
    id: str
    field: str
    old: str
    new: str

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for all fields of one thing."""
        return self.what, self.id, self.kind


def changes_of(found: Difference, *, sees_all: bool) -> list[Change]:
    """In the order: conversation, messages, answers, tools."""
    hidden = _BOOKKEEPING if sees_all else _BOOKKEEPING | _INTERNAL
    told = [
        *_fields("Conversation", "", found.thread),
        *_rows("Message", found.messages),
        *_rows("Answer", found.completions),
        *_rows("Background tool", found.tool_executions),
    ]
    return [change for change in told if change.field not in hidden]


def _rows(what: str, rows: RowChanges) -> Iterator[Change]:
    for row in rows.added:
        for field, value in _filled(row):
            yield Change("added", what, str(row["id"]), field, "", _value(value))
    for row in rows.removed:
        for field, value in _filled(row):
            yield Change("removed", what, str(row["id"]), field, _value(value), "")
    for row_id, changes in rows.changed.items():
        yield from _fields(what, row_id, changes)


def _filled(row: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    return ((field, value) for field, value in row.items() if value not in (None, 0, "", [], {}))


def _fields(what: str, row_id: str, changes: Changes) -> Iterator[Change]:
    for field, (old, new) in changes.items():
        if isinstance(old, str) and isinstance(new, str) and old and new.startswith(old):
            said = new[len(old) :]
            yield Change("changed", what, row_id, field, f"{len(old):,} characters", f"… {said}")
        else:
            yield Change("changed", what, row_id, field, _value(old), _value(new))


def _value(value: JsonValue) -> str:
    match value:
        case None:
            return "nothing"
        case str():
            text = short(value) if _ID.fullmatch(value) else value
        case list() | Mapping():
            text = json.dumps(value, ensure_ascii=False)
        case _:
            text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= VALUE_CHARACTERS else f"{text[:VALUE_CHARACTERS]}…"
