"""How the demo model tells people what tools have brought: in words, not in JSON."""

import json
import re
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

PENDING = (
    "is running in the background now. It goes on without me, and I come back with its result by "
    "myself as soon as it has ended: there is nothing to wait for."
)
_NOTE = r"The background tool (\S+) \(execution [^)]*\) has ended\. (.*)"


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of one call."""

    tool: str
    text: str
    outcome: Literal["success", "failed", "denied", "interrupted", "retried"]
    pending: bool = False  # the tool runs in the background and has only been started


def told_result(result: ToolResult) -> str:
    """What came of a call."""
    if result.pending:
        return f"{result.tool} {PENDING}"
    match result.outcome:
        case "success":
            return f"{result.tool} says: {_in_words(result.text)}"
        case "denied":
            return f"You did not allow {result.tool}, so I did not use it."
        case "failed" | "interrupted" | "retried":
            return f"{result.tool} did not work: {_in_words(result.text)}"


def told_note(note: str) -> str:
    """What the system has said: most often, what came of a background tool."""
    ended = re.fullmatch(_NOTE, note, re.DOTALL)
    if ended is None:
        return f"I have been told: {short(note)}"
    tool, came = ended.groups()
    result = came.removeprefix("It is completed:")
    if result == came:
        return f"{tool} has brought no result. {short(came)}"
    return f"{tool} has come back: {_in_words(result)}"


def short(text: str) -> str:
    """In one line that people read to its end."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 300 else f"{flat[:299]}…"


def _in_words(text: str) -> str:
    """The first paragraph; JSON as a list of what it says."""
    first = text.strip().partition("\n\n")[0]
    try:
        said = json.loads(first)
    except ValueError:
        return short(first)
    return short(_listed(said))


def _listed(value: JsonValue) -> str:
    match value:
        case dict():
            return ", ".join(
                f"{name.replace('_', ' ')}: {_inner(inner)}" for name, inner in value.items()
            )
        case list():
            return ", ".join(map(_inner, value))
        case str():
            return value
        case _:
            return json.dumps(value)


def _inner(value: JsonValue) -> str:
    if isinstance(value, dict | list):
        return f"({_listed(value)})" if value else "none"
    return _listed(value)
