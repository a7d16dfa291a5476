"""How recorded messages of a model become the parts of an answer."""

import pytest
from pydantic import JsonValue

from domain.jsonvalue import JsonObject
from projections.parts import parts_of, text_of


def shown(part: JsonObject) -> list[JsonObject]:
    return parts_of({"kind": "response", "parts": [part]})


@pytest.mark.parametrize(
    ("args", "arguments"),
    [
        ('{"a":1}', {"a": 1}),
        ({"a": 1}, {"a": 1}),
        (None, {}),
        ("", {}),
        ('{"a":', {"raw": '{"a":'}),
        ("[1]", {"raw": "[1]"}),
        (r'{"a":"\ud800"}', {"raw": r'{"a":"\ud800"}'}),
    ],
)
def test_arguments_are_an_object_whatever_the_model_wrote(
    args: JsonValue, arguments: JsonObject
) -> None:
    [part] = shown({"part_kind": "tool-call", "tool_name": "t", "args": args, "tool_call_id": "c"})
    assert part["arguments"] == arguments


@pytest.mark.parametrize(
    ("content", "result"),
    [("done", "done"), ({"a": [1, None]}, '{"a":[1,null]}'), (None, "null"), (3, "3")],
)
def test_a_result_is_text(content: JsonValue, result: str) -> None:
    [part] = shown(
        {"part_kind": "tool-return", "tool_name": "t", "content": content, "tool_call_id": "c"}
    )
    assert part == {"kind": "tool_result", "call_id": "c", "tool_name": "t", "result": result}


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        (
            {"status": "completed", "message": "3 found"},
            {"status": "completed", "message": "3 found"},
        ),
        (
            {"status": "error", "message": "Gone.", "code": "not_found", "sha256": "5ha"},
            {"status": "error", "message": "Gone.", "code": "not_found"},
        ),
        ({"status": "pending", "message": None, "ref_id": "1"}, {"status": "pending"}),
        ({"pydantic_ai_synthesized_tool_return": True}, {}),
        ({"status": 3}, {}),
        (["status"], {}),
        ("status", {}),
    ],
)
def test_a_result_shows_what_the_tool_tells_people(metadata: JsonValue, told: JsonObject) -> None:
    [part] = shown(
        {
            "part_kind": "tool-return",
            "tool_name": "t",
            "content": "done",
            "tool_call_id": "c",
            "metadata": metadata,
        }
    )
    result: JsonObject = {"kind": "tool_result", "call_id": "c", "tool_name": "t", "result": "done"}
    assert part == {**result, **told}


def test_a_retried_tool_call_has_its_result_and_feedback_to_the_model_is_not_shown() -> None:
    [part] = shown(
        {"part_kind": "retry-prompt", "tool_name": "t", "content": "no", "tool_call_id": "c"}
    )
    assert part["kind"] == "tool_result"
    assert shown({"part_kind": "retry-prompt", "tool_name": None, "content": "no"}) == []


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"parts": None},
        {"parts": ["text", 1, None]},
        {"parts": [{"part_kind": "text"}, {"part_kind": "text", "content": ""}, {}]},
        {"parts": [{"part_kind": "user-prompt", "content": "Hello"}]},
        {"parts": [{"part_kind": "system-prompt", "content": "Be brief."}]},
        {"parts": [{"part_kind": "tool-call", "tool_name": 3}]},
    ],
)
def test_what_is_not_part_of_the_answer_is_left_out(message: JsonObject) -> None:
    assert parts_of(message) == []


def test_texts_are_joined_as_they_were_streamed() -> None:
    parts = parts_of(
        {
            "parts": [
                {"part_kind": "text", "content": "One "},
                {"part_kind": "thinking", "content": "hm"},
                {"part_kind": "text", "content": "two"},
            ]
        }
    )
    assert text_of(parts) == "One two"
