"""What a request says: the last user message, and how often it was the model's turn since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

Protocol = Literal["chat", "responses", "anthropic"]

PATHS: dict[str, Protocol] = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/messages": "anthropic",
}


@dataclass(frozen=True, slots=True)
class Turn:
    text: str
    """Of the last user message."""
    step: int
    """Rounds of tool results, or of objections to an answer, since then."""


def turn_of(body: Mapping[str, Any]) -> Turn:
    text, kinds = "", list[str]()
    for kind, said in _entries(body):
        if kind == "user":
            text, kinds = said, []
        else:
            kinds.append(kind)
    return Turn(text, sum(1 for kind, _ in groupby(kinds) if kind == "result"))


def _entries(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each entry as (user | result | other, text)."""
    given = body.get("messages", body.get("input", []))
    for entry in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        if entry.get("role") == "tool" or entry.get("type") == "function_call_output":
            yield "result", ""
        elif entry.get("role") in ("system", "developer"):
            yield "result", ""  # an objection, where it comes after the user's message
        elif entry.get("role") != "user":
            yield "other", ""
        else:
            yield from _user_entry(entry["content"])


def _user_entry(content: Any) -> Iterator[tuple[str, str]]:
    blocks = [{"text": content}] if isinstance(content, str) else content
    if any(block.get("type") == "tool_result" or _objects(block) for block in blocks):
        yield "result", ""
    if said := [block["text"] for block in blocks if "text" in block and not _objects(block)]:
        yield "user", "\n".join(said)


def _objects(block: Mapping[str, Any]) -> bool:
    return str(block.get("text", "")).startswith("<system>")
