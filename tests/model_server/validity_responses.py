"""What OpenAI Responses asks of a request."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from tests.model_server.rules import (
    check_calls,
    check_model,
    check_tools,
    is_json_object,
    is_text,
    says_something,
    signature,
)

Item = Mapping[str, Any]


def check(request: Mapping[str, Any]) -> Iterator[str]:
    yield from check_model(request)
    if "instructions" in request and not is_text(request["instructions"]):
        yield "instructions: empty"
    if "tools" in request and not request["tools"]:
        yield "tools: empty"
    functions = [tool for tool in request.get("tools", []) if tool["type"] == "function"]
    yield from check_tools(functions, schema="parameters")
    given = request["input"]
    items: list[Item] = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not items:
        yield "input: empty"
    for index, item in enumerate(items):
        yield from (f"input[{index}]: {fault}" for fault in _faults(item))
        if _kind(item) == "reasoning" and not _is_followed(items[index + 1 :]):
            yield f"input[{index}]: reasoning without the item that it led to"
    yield from _unpaired(items)
    yield from _id_faults(items)
    if items and items[-1].get("role") == "assistant":
        yield "input: the model speaks last, there is nothing to answer"


def _kind(item: Item) -> str:
    kind: str = item.get("type", "message")
    return kind


def _faults(item: Item) -> Iterator[str]:
    match _kind(item):
        case "message":
            if item["role"] not in ("system", "developer", "user", "assistant"):
                yield f"no such role: {item['role']!r}"
            if not says_something(item["content"]):
                yield "empty content"
        case "function_call":
            if not is_json_object(item["arguments"]):
                yield f"the arguments of {item['call_id']} are no JSON object"
        case "function_call_output":
            if not isinstance(item["output"], str | list):
                yield "a result without output"
        case "reasoning":
            said = "".join(part["text"] for part in item["summary"])
            if item.get("encrypted_content") != signature(item.get("id", "") + said):
                yield "reasoning that is not what the model thought"
        case other:
            yield f"no such item: {other!r}"


def _speaks(item: Item) -> bool:
    return item.get("role") not in (None, "assistant")


def _is_followed(following: Sequence[Item]) -> bool:
    return bool(following) and (
        _kind(following[0]) in ("function_call", "reasoning")
        or following[0].get("role") == "assistant"
    )


def _id_faults(items: Sequence[Item]) -> Iterator[str]:
    """What this server has said under an id comes back once, and with what led to it."""
    seen = Counter(item["id"] for item in items if "id" in item)
    yield from (f"input: the item {one} comes twice" for one, count in seen.items() if count > 1)
    for item in items:
        _, _, reasoning = item.get("id", "").partition("_after_")
        if reasoning and reasoning not in seen:
            yield f"input: {item['id']} without its reasoning"


def _unpaired(items: Sequence[Item]) -> Iterator[str]:
    """Results stand before anybody speaks again but the model."""
    calls: list[str] = []
    results: list[str] = []
    for speaks, group in groupby(items, key=_speaks):
        if speaks:
            yield from check_calls(calls, results, where="input")
            calls, results = [], []
            continue
        for item in group:
            if _kind(item) == "function_call":
                calls.append(item["call_id"])
            elif _kind(item) == "function_call_output":
                results.append(item["call_id"])
                if item["call_id"] not in calls:
                    yield f"input: the result of {item['call_id']} stands before its call"
    yield from check_calls(calls, results, where="input")
