"""What the three providers ask of a request alike."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
TYPES = ("object", "array", "string", "integer", "number", "boolean", "null")


def check_model(request: Mapping[str, Any]) -> Iterator[str]:
    if not is_text(request.get("model")):
        yield "model: missing"
    if request.get("stream") is not True:
        yield "stream: must be true, as this server always streams"


def check_tools(tools: Iterable[Mapping[str, Any]], *, schema: str) -> Iterator[str]:
    """Functions, each with a name of its own, and a schema of an object."""
    names = Counter(tool["name"] for tool in tools)
    yield from (f"tools: two are called {name}" for name, count in names.items() if count > 1)
    for tool in tools:
        where = f"tools: {tool['name']}"
        if not TOOL_NAME.fullmatch(tool["name"]):
            yield f"{where}: no valid name"
        if not isinstance(tool.get("description") or "", str):
            yield f"{where}: a description that is no text"
        if tool[schema].get("type") != "object":
            yield f"{where}: its parameters are no object"
        yield from (f"{where}: {fault}" for fault in _schema_faults(tool[schema]))


def check_calls(calls: Iterable[str], results: Iterable[str], *, where: str) -> Iterator[str]:
    """Each call has exactly one result, and each result its call."""
    called, returned = Counter(calls), Counter(results)
    yield from (f"{where}: two calls {call}" for call, count in called.items() if count > 1)
    yield from (f"{where}: no result of the call {call}" for call in called - returned)
    yield from (f"{where}: a result of no call: {call}" for call in returned - called)


def says_something(content: str | Sequence[Mapping[str, Any]] | None) -> bool:
    """Is it a text or a list of parts, and nothing in it empty?"""
    if isinstance(content, str) or not content:
        return bool(content)
    return all(part.get("text", "?") for part in content)


def is_text(value: object) -> bool:
    """Is it a string that says something?"""
    return isinstance(value, str) and bool(value.strip())


def signature(thoughts: str) -> str:
    """What shows a provider that a model's thoughts come back unchanged."""
    return hashlib.sha256(thoughts.encode()).hexdigest()


def is_json_object(text: object) -> bool:
    try:
        return isinstance(text, str) and isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _schema_faults(schema: Mapping[str, Any]) -> Iterator[str]:
    kind = schema.get("type")
    if kind is not None and kind not in TYPES:
        yield f"no type of JSON Schema: {kind!r}"
    properties = schema.get("properties", {})
    missing = set(schema.get("required", [])) - set(properties)
    yield from (f"{name} is required but not described" for name in sorted(missing))
    for inner in properties.values():
        yield from _schema_faults(inner)
