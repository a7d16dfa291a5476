"""What Anthropic Messages asks of a request."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.model_server.rules import check_calls, check_model, check_tools, is_text

Message = Mapping[str, Any]
Block = Mapping[str, Any]

CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")


def check(request: Mapping[str, Any]) -> Iterator[str]:
    yield from check_model(request)
    if not isinstance(request.get("max_tokens"), int) or request["max_tokens"] < 1:
        yield "max_tokens: missing"
    yield from check_tools(
        [tool for tool in request.get("tools", []) if "input_schema" in tool],
        schema="input_schema",
    )
    for block in _blocks(request.get("system", [])):
        if not is_text(block.get("text")):
            yield "system: empty text"
    messages: list[Message] = request["messages"]
    if not messages:
        yield "messages: empty"
    elif messages[0]["role"] != "user":
        yield "messages[0]: the user speaks first"
    results: list[str] = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        yield from (f"{where}: {fault}" for fault in _faults(message))
        following = messages[index + 1] if index + 1 < len(messages) else None
        calls = [
            block["id"] for block in _blocks(message["content"]) if block["type"] == "tool_use"
        ]
        results = _results(following)
        yield from check_calls(calls, results, where=where)
    if messages and _results(messages[0]):
        yield "messages[0]: a result of no call"


def _blocks(content: Any) -> Sequence[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _results(message: Message | None) -> list[str]:
    if message is None or message["role"] != "user":
        return []
    blocks = _blocks(message["content"])
    return [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]


def _faults(message: Message) -> Iterator[str]:
    if message["role"] not in ("user", "assistant"):
        yield f"no such role: {message['role']!r}"
    blocks = _blocks(message["content"])
    if not blocks:
        yield "empty content"
    for block in blocks:
        yield from _block_faults(block)
    kinds = [block["type"] for block in blocks]
    if "tool_result" in kinds and kinds[: kinds.count("tool_result")].count("tool_result") != (
        kinds.count("tool_result")
    ):
        yield "results of tools stand first"


def _block_faults(block: Block) -> Iterator[str]:
    match block["type"]:
        case "text":
            if not is_text(block["text"]):
                yield "empty text"
        case "tool_use":
            if not CALL_ID.fullmatch(block["id"]) or not isinstance(block["input"], dict):
                yield f"a call that cannot be read: {block['id']!r}"
        case "thinking":
            if not block.get("signature") or not block["thinking"]:
                yield "thinking without its signature"
        case _:
            pass
