"""What OpenAI Chat Completions asks of a request."""

from collections.abc import Iterator, Mapping
from typing import Any

from tests.model_server.rules import (
    check_calls,
    check_model,
    check_tools,
    is_json_object,
    says_something,
)

Message = Mapping[str, Any]


def check(request: Mapping[str, Any]) -> Iterator[str]:
    yield from check_model(request)
    options: Mapping[str, Any] | None = request.get("stream_options")
    if not options or not options.get("include_usage"):
        yield "stream_options: without include_usage nobody can count"
    if "tools" in request and not request["tools"]:
        yield "tools: empty"
    yield from check_tools(
        [tool["function"] for tool in request.get("tools", [])], schema="parameters"
    )
    messages: list[Message] = request["messages"]
    if not messages:
        yield "messages: empty"
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        yield from (f"{where}: {fault}" for fault in _faults(message))
        if message["role"] != "tool":
            yield from check_calls(_calls(message), _results(messages[index + 1 :]), where=where)
    if messages and messages[0]["role"] == "tool":
        yield "messages[0]: a result of no call"
    if messages and messages[-1]["role"] == "assistant":
        yield "messages: the model speaks last, there is nothing to answer"


def _faults(message: Message) -> Iterator[str]:
    if message["role"] not in ("system", "developer", "user", "assistant", "tool"):
        yield f"no such role: {message['role']!r}"
    calls: list[Mapping[str, Any]] | None = message.get("tool_calls")
    if calls is not None and message["role"] != "assistant":
        yield "only an assistant calls tools"
    if calls == []:
        yield "tool_calls: empty"
    for call in calls or []:
        if call["type"] != "function" or not is_json_object(call["function"]["arguments"]):
            yield f"the arguments of {call['id']} are no JSON object"
    if message["role"] != "tool" and not calls and not says_something(message.get("content")):
        yield "empty content"
    if message["role"] == "tool" and not isinstance(message["content"], str | list):
        yield "a result without content"


def _calls(message: Message) -> list[str]:
    calls: list[Mapping[str, Any]] | None = message.get("tool_calls")
    return [call["id"] for call in calls or []]


def _results(following: list[Message]) -> list[str]:
    """Of the tool messages that come right after."""
    results: list[str] = []
    for message in following:
        if message["role"] != "tool":
            break
        results.append(message["tool_call_id"])
    return results
