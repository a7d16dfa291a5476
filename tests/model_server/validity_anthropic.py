"""What Anthropic Messages asks of a request."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tests.model_server.rules import check_calls, check_model, check_tools, is_text, signature

Message = Mapping[str, Any]
Block = Mapping[str, Any]

KINDS = {
    "user": ("text", "tool_result"),
    "assistant": ("text", "thinking", "tool_use"),
    "system": ("text",),
}
CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")


def check(request: Mapping[str, Any]) -> Iterator[str]:
    yield from check_model(request)
    if not isinstance(request.get("max_tokens"), int) or request["max_tokens"] < 1:
        yield "max_tokens: missing"
    elif request.get("thinking", {}).get("budget_tokens", 0) >= request["max_tokens"]:
        yield "max_tokens: no more than thinking may take"
    yield from check_tools(
        [tool for tool in request.get("tools", []) if "input_schema" in tool],
        schema="input_schema",
    )
    for block in _blocks(request.get("system", [])):
        if not is_text(block.get("text")):
            yield "system: empty text"
    messages: list[Message] = request["messages"]
    yield from _order_faults(messages)
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        yield from (f"{where}: {fault}" for fault in _faults(message))
        following = messages[index + 1] if index + 1 < len(messages) else None
        yield from check_calls(_calls(message), _results(following), where=where)
    if messages and _results(messages[0]):
        yield "messages[0]: a result of no call"
    ids = Counter(call for message in messages for call in _calls(message))
    yield from (f"messages: the id {call} is used again" for call, n in ids.items() if n > 1)


def _order_faults(messages: Sequence[Message]) -> Iterator[str]:
    """Two in a row of one role are taken for one: of the model's it is never what is meant."""
    if not messages:
        yield "messages: empty"
        return
    if messages[0]["role"] != "user":
        yield "messages[0]: the user speaks first"
    if messages[-1]["role"] == "assistant":
        yield "messages: the model speaks last, there is nothing to answer"
    for index, (one, following) in enumerate(pairwise(messages)):
        roles = one["role"], following["role"]
        if roles == ("assistant", "assistant"):
            yield f"messages[{index + 1}]: assistant twice in a row"
        if roles in (("assistant", "system"), ("system", "user")):
            yield f"messages[{index + 1}]: the system speaks between the user and the model"


def _blocks(content: Any) -> Sequence[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _calls(message: Message) -> list[str]:
    blocks = _blocks(message["content"])
    return [block["id"] for block in blocks if block["type"] == "tool_use"]


def _results(message: Message | None) -> list[str]:
    if message is None or message["role"] != "user":
        return []
    blocks = _blocks(message["content"])
    return [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]


def _faults(message: Message) -> Iterator[str]:
    if message["role"] not in ("user", "assistant", "system"):
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
    if kinds[-1:] == ["thinking"]:
        yield "thinking that led to nothing"
    for kind in kinds:
        if kind not in KINDS[message["role"]]:
            yield f"{message['role']} does not say {kind}"


def _block_faults(block: Block) -> Iterator[str]:
    match block["type"]:
        case "text":
            if not is_text(block["text"]):
                yield "empty text"
        case "tool_use":
            if not CALL_ID.fullmatch(block["id"]) or not isinstance(block["input"], dict):
                yield f"a call that cannot be read: {block['id']!r}"
        case "thinking":
            if block.get("signature") != signature(block["thinking"]):
                yield "thinking without its signature"
        case "tool_result":
            for part in _blocks(block["content"] or []):
                if not is_text(part["text"]):
                    yield f"empty text in the result of {block['tool_use_id']}"
        case _:
            pass
