"""The parts of an answer, read from the model's messages as they were recorded."""

from collections.abc import Iterable

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from domain.jsonvalue import JsonObject

_TOLD = ("status", "message", "code")


def parts_of(message: JsonObject) -> list[JsonObject]:
    """What a recorded pydantic-ai message adds to the answer, in order.

    Prompts, instructions and kinds unknown here add nothing; they stay in the log.
    """
    parts = message.get("parts")
    if not isinstance(parts, list):
        return []
    shown = (_shown(part) for part in parts if isinstance(part, dict))
    return [part for part in shown if part is not None]


def text_of(parts: Iterable[JsonObject]) -> str:
    """All text of an answer, exactly as it was streamed."""
    return "".join(str(part["content"]) for part in parts if part["kind"] == "text")


def _shown(part: JsonObject) -> JsonObject | None:
    match part:
        case {"part_kind": "text", "content": str(content)} if content:
            return {"kind": "text", "content": content}
        case {"part_kind": "thinking", "content": str(content)} if content:
            return {"kind": "reasoning", "content": content}
        case {"part_kind": "tool-call" | "builtin-tool-call", "tool_name": str(name)}:
            return {
                "kind": "tool_call",
                "call_id": part.get("tool_call_id"),
                "tool_name": name,
                "arguments": _arguments(part.get("args")),
            }
        case {
            "part_kind": "tool-return" | "builtin-tool-return" | "retry-prompt",
            "tool_name": str(name),
        }:
            return {
                "kind": "tool_result",
                "call_id": part.get("tool_call_id"),
                "tool_name": name,
                "result": _result(part.get("content")),
                **_told(part.get("metadata")),
            }
        case _:
            return None


def _told(metadata: JsonValue) -> JsonObject:
    """What the result is, in words for people, where the tool said so."""
    if not isinstance(metadata, dict) or not isinstance(metadata.get("status"), str):
        return {}
    return {name: metadata[name] for name in _TOLD if metadata.get(name) is not None}


def _arguments(args: JsonValue) -> JsonObject:
    """Always an object; what cannot be parsed is kept as `{"raw": …}`."""
    if isinstance(args, str):
        try:
            parsed: JsonValue = from_json(args)
        except ValueError:
            parsed = args or None
    else:
        parsed = args
    if isinstance(parsed, dict):
        return parsed
    return {} if parsed is None else {"raw": args}


def _result(content: JsonValue) -> str:
    """What the model read: text, or JSON as text."""
    return content if isinstance(content, str) else to_json(content).decode()
