"""The suite's provider refuses what the real ones refuse, in their own words."""

import json
from typing import Any

import httpx2
import pytest
from pydantic_ai.exceptions import ModelHTTPError

from application.models import close_models, resolve_model
from tests.model_server import ModelServer, as_provider, ask
from tests.model_server.client import MODELS, run
from tests.model_server.rules import signature
from tests.model_server.turn import PATHS, Protocol
from tests.model_server.validity import complaints

CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
USER = {"role": "user", "content": "Hello"}
SYSTEM = {"role": "system", "content": "x"}
CALLING = {"role": "assistant", "tool_calls": [CALL]}
RETURN = {"role": "tool", "tool_call_id": "c1", "content": "x"}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}

CHAT: list[tuple[str, dict[str, Any]]] = [
    ("no such role", {"messages": [{"role": "robot", "content": "x"}]}),
    ("empty content", {"messages": [{"role": "user", "content": ""}]}),
    ("empty content", {"messages": [USER, {"role": "assistant", "content": None}]}),
    ("no result of the call c1", {"messages": [USER, CALLING, USER]}),
    ("two calls c1", {"messages": [USER, {"role": "assistant", "tool_calls": [CALL, CALL]}]}),
    (
        "a result of no call: c2",
        {"messages": [USER, CALLING, {"role": "tool", "tool_call_id": "c2", "content": "x"}]},
    ),
    (
        "a result of no call: c1",
        {
            "messages": [
                USER,
                CALLING,
                *([{"role": "tool", "tool_call_id": "c1", "content": "x"}] * 2),
            ]
        },
    ),
    (
        "no JSON object",
        {
            "messages": [
                USER,
                {
                    **CALLING,
                    "tool_calls": [{**CALL, "function": {"name": "look", "arguments": "{"}}],
                },
            ]
        },
    ),
    ("include_usage", {"stream_options": None}),
    ("stream", {"stream": False}),
    ("model", {"model": ""}),
    ("two are called look", {"tools": [TOOL, TOOL]}),
    (
        "are no object",
        {"tools": [{**TOOL, "function": {"name": "x", "parameters": {"type": "array"}}}]},
    ),
    ("missing", {"messages": None}),
    ("nothing to answer", {"messages": [USER, {"role": "assistant", "content": "x"}]}),
    ("no result of the call c1", {"messages": [USER, CALLING, SYSTEM, RETURN]}),
    ("a result of no call: c1", {"messages": [USER, CALLING, RETURN, USER, RETURN]}),
]
ITEM = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "x"}
SAID = {"role": "assistant", "content": "x"}
THOUGHT = {"type": "reasoning", "id": "rs", "summary": [{"text": "hm"}]}
THOUGHT["encrypted_content"] = signature("rshm")
RESPONSES: list[tuple[str, dict[str, Any]]] = [
    ("no result of the call c1", {"input": [USER, ITEM, USER]}),
    ("a result of no call: c1", {"input": [USER, OUTPUT]}),
    ("stands before its call", {"input": [USER, OUTPUT, ITEM]}),
    ("reasoning without", {"input": [USER, {"type": "reasoning", "id": "r", "summary": []}]}),
    ("empty content", {"input": [{"role": "user", "content": []}]}),
    ("no such item", {"input": [{"type": "song"}]}),
    ("instructions", {"instructions": ""}),
    ("no result of the call c1", {"input": [USER, ITEM, SYSTEM, OUTPUT]}),
    ("nothing to answer", {"input": [USER, SAID]}),
    ("comes twice", {"input": [USER, {**SAID, "id": "m"}, {**SAID, "id": "m"}, USER]}),
    ("without its reasoning", {"input": [USER, {**SAID, "id": "msg_1_1_after_rs_1_0"}, USER]}),
    ("not what the model thought", {"input": [USER, {**THOUGHT, "id": "other"}, SAID, USER]}),
]
USE: dict[str, Any] = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "c1", "content": "x"}
USING = [{"role": "assistant", "content": [USE]}, {"role": "user", "content": [RESULT]}]
TEXT = {"type": "text", "text": "x"}
THINKING = {"type": "thinking", "thinking": "hm", "signature": signature("hm")}
ANTHROPIC: list[tuple[str, dict[str, Any]]] = [
    ("max_tokens", {"max_tokens": None}),
    ("the user speaks first", {"messages": [{"role": "assistant", "content": "x"}]}),
    ("empty text", {"messages": [{"role": "user", "content": " "}]}),
    ("empty content", {"messages": [USER, {"role": "assistant", "content": []}]}),
    ("no result of the call c1", {"messages": [USER, {"role": "assistant", "content": [USE]}]}),
    ("a result of no call", {"messages": [{"role": "user", "content": [RESULT]}]}),
    (
        "stand first",
        {
            "messages": [
                USER,
                {"role": "assistant", "content": [USE]},
                {"role": "user", "content": [{"type": "text", "text": "x"}, RESULT]},
            ]
        },
    ),
    (
        "signature",
        {
            "messages": [
                USER,
                {"role": "assistant", "content": [{"type": "thinking", "thinking": "x"}]},
            ]
        },
    ),
    ("system", {"system": ""}),
    ("nothing to answer", {"messages": [USER, SAID]}),
    ("assistant twice in a row", {"messages": [USER, SAID, SAID, USER]}),
    ("between the user and the model", {"messages": [USER, SYSTEM, USER]}),
    ("between the user and the model", {"messages": [USER, SAID, SYSTEM]}),
    ("system does not say tool_use", {"messages": [USER, {"role": "system", "content": [USE]}]}),
    ("is used again", {"messages": [USER, *USING, *USING]}),
    (
        "empty text in the result",
        {
            "messages": [
                USER,
                USING[0],
                {
                    "role": "user",
                    "content": [{**RESULT, "content": [{"type": "text", "text": ""}]}],
                },
            ]
        },
    ),
    ("led to nothing", {"messages": [USER, {"role": "assistant", "content": [THINKING]}, USER]}),
    (
        "without its signature",
        {
            "messages": [
                USER,
                {"role": "assistant", "content": [{**THINKING, "thinking": "x"}, TEXT]},
                USER,
            ]
        },
    ),
    ("thinking may take", {"thinking": {"type": "enabled", "budget_tokens": 9}}),
]
FAULTS = [
    *(("chat", words, fields) for words, fields in CHAT),
    *(("responses", words, fields) for words, fields in RESPONSES),
    *(("anthropic", words, fields) for words, fields in ANTHROPIC),
]


def request(protocol: str, fields: dict[str, Any]) -> bytes:
    """A valid request but for these fields."""
    said = {"input": [USER]} if protocol == "responses" else {"messages": [USER]}
    valid: dict[str, Any] = {"model": "m", "stream": True, **said}
    if protocol == "anthropic":
        valid["max_tokens"] = 9
    if protocol == "chat":
        valid["stream_options"] = {"include_usage": True}
    return json.dumps({**valid, **fields}).encode()


@pytest.mark.parametrize(("protocol", "words", "fields"), FAULTS)
def test_what_is_wrong_is_said(protocol: Protocol, words: str, fields: dict[str, Any]) -> None:
    assert complaints(protocol, request(protocol, {})) == []
    found = complaints(protocol, request(protocol, fields))
    assert any(words in complaint for complaint in found), found


FINE: list[tuple[Protocol, dict[str, Any]]] = [
    ("chat", {"messages": [SYSTEM, USER, CALLING, RETURN, SYSTEM, USER, USER]}),
    ("responses", {"input": [USER, THOUGHT, ITEM, OUTPUT, SYSTEM]}),
    ("responses", {"input": [USER, THOUGHT, {**SAID, "id": "m_after_rs"}, USER]}),
    ("anthropic", {"messages": [USER, USER, *USING, SYSTEM]}),
    (
        "anthropic",
        {"messages": [USER, SYSTEM, {"role": "assistant", "content": [THINKING, TEXT]}, USER]},
    ),
]


@pytest.mark.parametrize(("protocol", "fields"), FINE)
def test_what_a_provider_accepts_is_not_complained_of(
    protocol: Protocol, fields: dict[str, Any]
) -> None:
    assert complaints(protocol, request(protocol, fields)) == []


@pytest.mark.parametrize("path", PATHS)
async def test_a_request_that_is_wrong_is_refused_as_the_provider_does_it(path: str) -> None:
    protocol = PATHS[path]
    with ModelServer() as server:
        async with httpx2.AsyncClient(verify=False) as client:
            sent = request(protocol, {"messages": [], "input": []})
            answer = await client.post(server.url + path, content=sent)
        assert answer.status_code == 400
        assert "empty" in answer.json()["error"]["message"]
        assert (answer.json().get("type") == "error") == (protocol == "anthropic")
        assert server.exchanges[0].complaints == server.ledger.complaints != []
        server.ledger.complaints.clear()


async def test_a_test_that_sent_something_wrong_fails_at_its_end() -> None:
    server = ModelServer()
    with pytest.raises(AssertionError, match="empty"), server:
        async with httpx2.AsyncClient(verify=False) as client:
            await client.post(
                f"{server.url}/v1/responses", content=request("responses", {"input": []})
            )


@pytest.mark.parametrize("name", MODELS)
async def test_an_agent_s_requests_are_in_order(name: str) -> None:
    with ModelServer() as server, as_provider(server.url):
        try:
            calls = [["look", {"q": "x"}], ["look", {"q": "y"}]]
            first = await run(resolve_model(MODELS[name]), ask(words=2, reasoning=2, calls=calls))
            again = ask(words=1)
            await run(resolve_model(MODELS[name]), again, history=first.messages)
            with pytest.raises(ModelHTTPError):
                await run(resolve_model(MODELS[name]), ask(status=400))
        finally:
            await close_models()
        assert [exchange.complaints for exchange in server.exchanges] == [[]] * 4
