"""What changed in a thread between two moments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

from application.audit.standing import Standing
from domain.jsonvalue import JsonObject

Changes: TypeAlias = dict[str, tuple[JsonValue, JsonValue]]  # by field: what it was, what it is


@dataclass(frozen=True)
class RowChanges:
    """Of one table: whole rows that came or went, and fields that changed, by the row's id."""

    added: list[JsonObject]
    removed: list[JsonObject]
    changed: dict[str, Changes]


@dataclass(frozen=True)
class Difference:
    """What leads from one standing to another; the same backwards, for every value is told."""

    thread: Changes
    messages: RowChanges
    completions: RowChanges
    tool_executions: RowChanges


def difference(old: Standing, new: Standing) -> Difference:
    """Of two standings of one thread, whichever is the later."""
    return Difference(
        thread=_changes(old.thread, new.thread),
        messages=_row_changes(old.messages, new.messages),
        completions=_row_changes(old.completions, new.completions),
        tool_executions=_row_changes(old.tool_executions, new.tool_executions),
    )


def _changes(old: JsonObject, new: JsonObject) -> Changes:
    return {name: (old[name], new[name]) for name in old if old[name] != new[name]}


def _row_changes(old: Sequence[JsonObject], new: Sequence[JsonObject]) -> RowChanges:
    before = {str(row["id"]): row for row in old}
    after = {str(row["id"]): row for row in new}
    both = {name: _changes(before[name], after[name]) for name in before if name in after}
    return RowChanges(
        added=[row for name, row in after.items() if name not in before],
        removed=[row for name, row in before.items() if name not in after],
        changed={name: changes for name, changes in both.items() if changes},
    )
