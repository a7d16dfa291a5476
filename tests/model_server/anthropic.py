"""Anthropic Messages as server-sent events."""

import json
from collections.abc import Iterator
from typing import Any

from tests.model_server.exchange import Exchange, Frame
from tests.model_server.rules import signature
from tests.model_server.script import Script, split_arguments

ERROR = (
    b"event: error\n"
    b'data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
)


def frames(script: Script, exchange: Exchange) -> Iterator[Frame]:
    yield _start(exchange)
    index = 0
    if script.reasoning:
        yield _event("content_block_start", index=0, content_block=_THINKING)
        for thought in script.thoughts():
            yield _delta(index, "thinking_delta", "thinking", thought)
        signed = {"type": "signature_delta", "signature": signature("".join(script.thoughts()))}
        yield _event("content_block_delta", index=index, delta=signed)
        yield _event("content_block_stop", index=index)
        index += 1
    if not script.calls or script.preamble:
        block = {"type": "text", "text": ""}
        yield _event("content_block_start", index=index, content_block=block)
        for piece in script.pieces():
            yield _delta(index, "text_delta", "text", piece)
        yield _event("content_block_stop", index=index)
        index += 1
    for name, arguments in script.calls:
        block = {"type": "tool_use", "id": f"toolu_{exchange.number}_{index}", "name": name}
        yield _event("content_block_start", index=index, content_block={**block, "input": {}})
        for part in split_arguments(arguments):
            yield _delta(index, "input_json_delta", "partial_json", part)
        yield _event("content_block_stop", index=index)
        index += 1
    reason = "tool_use" if script.calls else "end_turn"
    stop = {"stop_reason": reason, "stop_sequence": None}
    yield _event("message_delta", delta=stop, usage={"output_tokens": exchange.deltas})
    yield _event("message_stop")


_THINKING = {"type": "thinking", "thinking": "", "signature": ""}


def _start(exchange: Exchange) -> Frame:
    message: dict[str, Any] = {
        "id": f"msg_{exchange.number}",
        "type": "message",
        "role": "assistant",
        "model": exchange.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": exchange.input_tokens, "output_tokens": 1},
    }
    return _event("message_start", message=message)


def _event(kind: str, **fields: Any) -> Frame:
    return False, f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _delta(index: int, kind: str, field: str, value: str) -> Frame:
    return True, (
        f'event: content_block_delta\ndata: {{"type":"content_block_delta","index":{index},'
        f'"delta":{{"type":"{kind}","{field}":{json.dumps(value)}}}}}\n\n'
    ).encode()
