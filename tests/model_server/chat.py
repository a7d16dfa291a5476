"""OpenAI Chat Completions as server-sent events."""

import json
from collections.abc import Iterator
from typing import Any

from tests.model_server.exchange import Exchange, Frame
from tests.model_server.script import Script, split_arguments

ERROR = b'data: {"error":{"message":"Overloaded","type":"server_error","code":"overloaded"}}\n\n'


def frames(script: Script, exchange: Exchange) -> Iterator[Frame]:
    head = (
        f'data: {{"id":"chatcmpl-{exchange.number}","object":"chat.completion.chunk",'
        f'"created":1700000000,"model":{json.dumps(exchange.model)},"choices":['
    )
    delta_head, delta_tail = head + '{"index":0,"delta":{', '},"finish_reason":null}]}\n\n'

    def delta(name: str, value: Any, *, paced: bool = True) -> Frame:
        return paced, f'{delta_head}"{name}":{json.dumps(value)}{delta_tail}'.encode()

    def close(reason: str) -> Frame:
        tail = f'{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}\n\n'
        return False, (head + tail).encode()

    yield False, f'{delta_head}"role":"assistant","content":""{delta_tail}'.encode()
    for thought in script.thoughts():
        yield delta("reasoning_content", thought)
    for piece in script.pieces():
        yield delta("content", piece)
    for index, (name, arguments) in enumerate(script.calls):
        call = {"index": index, "id": f"call_{exchange.number}_{index}", "type": "function"}
        function = {"name": name, "arguments": ""}
        yield delta("tool_calls", [{**call, "function": function}], paced=False)
        for part in split_arguments(arguments):
            yield delta("tool_calls", [{"index": index, "function": {"arguments": part}}])
    yield close("tool_calls" if script.calls else "stop")
    sent = exchange.deltas
    usage = {
        "prompt_tokens": exchange.input_tokens,
        "completion_tokens": sent,
        "total_tokens": exchange.input_tokens + sent,
    }
    yield False, f'{head}],"usage":{json.dumps(usage)}}}\n\ndata: [DONE]\n\n'.encode()
