"""OpenAI Responses as server-sent events."""

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

from tests.model_server.exchange import Exchange, Frame
from tests.model_server.rules import signature
from tests.model_server.script import Script, split_arguments

ERROR = (
    b'event: error\ndata: {"type":"error","sequence_number":0,'
    b'"code":"server_is_overloaded","message":"Overloaded","param":null}\n\n'
)


def frames(script: Script, exchange: Exchange) -> Iterator[Frame]:
    stream = _Stream(exchange)
    yield stream.event("response.created", response=stream.response("in_progress"))
    if script.reasoning:
        yield from stream.reasoning(script)
    if not script.calls or script.preamble:
        yield from stream.message(script)
    for name, arguments in script.calls:
        yield from stream.call(name, split_arguments(arguments))
    yield stream.event("response.completed", response=stream.response("completed"))


class _Stream:
    """Numbers the events and collects the finished items for the last one."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.sequence = count()
        self.output: list[dict[str, Any]] = []
        self.after = ""  # the end of the ids of what reasoning has led to

    def event(self, kind: str, **fields: Any) -> Frame:
        data = {"type": kind, "sequence_number": next(self.sequence), **fields}
        return False, f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode()

    def delta(self, kind: str, where: str, value: str) -> Frame:
        """`where` is the JSON of the fields that say which part it belongs to."""
        return True, (
            f'event: {kind}\ndata: {{"type":"{kind}","sequence_number":{next(self.sequence)},'
            f'{where},"delta":{json.dumps(value)}}}\n\n'
        ).encode()

    def response(self, status: str) -> dict[str, Any]:
        spent, sent = self.exchange.input_tokens, self.exchange.deltas
        usage = {
            "input_tokens": spent,
            "output_tokens": sent,
            "total_tokens": spent + sent,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        return {
            "id": f"resp_{self.exchange.number}",
            "object": "response",
            "created_at": 1700000000,
            "model": self.exchange.model,
            "status": status,
            "output": self.output,
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": usage if status == "completed" else None,
        }

    def reasoning(self, script: Script) -> Iterator[Frame]:
        item: dict[str, Any] = {"type": "reasoning", "id": self._id("rs"), "summary": []}
        yield self._added(item)
        where = f'"item_id":"{item["id"]}","output_index":{self._index},"summary_index":0'
        part = {"type": "summary_text", "text": ""}
        yield self.event(
            "response.reasoning_summary_part.added", **json.loads(f"{{{where}}}"), part=part
        )
        for thought in script.thoughts():
            yield self.delta("response.reasoning_summary_text.delta", where, thought)
        summary = [{**part, "text": "".join(script.thoughts())}]
        sealed = signature(item["id"] + summary[0]["text"])
        yield self._done({**item, "summary": summary, "encrypted_content": sealed})
        self.after = f"_after_{item['id']}"

    def message(self, script: Script) -> Iterator[Frame]:
        item: dict[str, Any] = {"type": "message", "id": self._id("msg"), "role": "assistant"}
        yield self._added({**item, "status": "in_progress", "content": []})
        where = f'"item_id":"{item["id"]}","output_index":{self._index},"content_index":0'
        place = json.loads(f"{{{where}}}")
        part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": []}
        yield self.event("response.content_part.added", **place, part=part)
        for piece in script.pieces():
            yield self.delta("response.output_text.delta", f'{where},"logprobs":[]', piece)
        text = "".join(script.pieces())
        yield self.event("response.output_text.done", **place, text=text, logprobs=[])
        yield self._done({**item, "status": "completed", "content": [{**part, "text": text}]})

    def call(self, name: str, parts: Iterator[str]) -> Iterator[Frame]:
        item = {"type": "function_call", "id": self._id("fc"), "name": name, "arguments": ""}
        item["call_id"] = f"call_{self.exchange.number}_{self._index}"
        yield self._added({**item, "status": "in_progress"})
        where = f'"item_id":"{item["id"]}","output_index":{self._index}'
        said: list[str] = []
        for part in parts:
            said.append(part)
            yield self.delta("response.function_call_arguments.delta", where, part)
        yield self._done({**item, "status": "completed", "arguments": "".join(said)})

    @property
    def _index(self) -> int:
        return len(self.output)

    def _id(self, prefix: str) -> str:
        return f"{prefix}_{self.exchange.number}_{self._index}{self.after}"

    def _added(self, item: dict[str, Any]) -> Frame:
        return self.event("response.output_item.added", output_index=self._index, item=item)

    def _done(self, item: dict[str, Any]) -> Frame:
        event = self.event("response.output_item.done", output_index=self._index, item=item)
        self.output.append(item)
        return event
