"""What tools return, and what a model reads of it."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from application.tool_results import (
    CompletedResult,
    ErrorResult,
    FailedResult,
    FailureCode,
    PendingResult,
    ToolResultBase,
    completed,
    failed,
    internal_error,
    not_found_error,
    pending,
    permission_error,
    rate_limit_error,
    timeout_error,
    validation_error,
)
from application.tool_text import MAX_RESULT_BYTES, as_text, bounded


class Stats(BaseModel):
    users: int
    since: datetime = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Point:
    x: float
    y: object


@dataclass(frozen=True)
class Started:
    id: UUID


def test_what_is_completed_keeps_its_type_and_tells_the_model_its_json():
    result = completed(data=Stats(users=3), message="3 users in the system")
    assert result.status == "completed"
    assert result.data.users == 3
    assert result.message == "3 users in the system"
    assert json.loads(result.text) == {"users": 3, "since": "2026-01-01T00:00:00Z"}


def test_parts_for_the_model_take_the_place_of_the_data():
    parts = [{"type": "text", "text": "three"}, {"type": "text", "text": "since January"}]
    result = completed(data=Stats(users=3), content_parts=parts)
    assert result.text == "three\n\nsince January"
    assert result.to_dict()["content_parts"] == parts


@pytest.mark.parametrize(
    ("made", "kind", "status", "code"),
    [
        (validation_error("No."), ErrorResult, "error", "validation_error"),
        (rate_limit_error("No."), ErrorResult, "error", "rate_limit"),
        (not_found_error("No."), ErrorResult, "error", "not_found"),
        (permission_error("No."), ErrorResult, "error", "permission_denied"),
        (failed("internal_error", "No."), FailedResult, "failed", "internal_error"),
        (failed("unhandled_exception", "No."), FailedResult, "failed", "unhandled_exception"),
        (failed(message="No."), FailedResult, "failed", "internal_error"),
        (internal_error("No."), FailedResult, "failed", "internal_error"),
        (timeout_error("No."), FailedResult, "failed", "timeout"),
    ],
)
def test_every_way_to_say_no_has_its_status_and_its_code(
    made: ToolResultBase, kind: type[ErrorResult | FailedResult], status: str, code: str
):
    assert isinstance(made, kind)
    assert (made.status, made.code, made.message, made.text) == (status, code, "No.", "No.")


def test_a_code_that_does_not_exist_is_an_internal_error():
    assert failed(cast("FailureCode", "no_such_code"), "Hm.").code == "internal_error"
    assert failed(cast("FailureCode", ["unhashable"])).code == "internal_error"


def test_the_model_always_has_something_to_read():
    assert not_found_error().text == "not_found"
    assert "background" in pending().text
    assert pending("Analysis started").text == "Analysis started"


def test_what_is_pending_names_its_execution_or_what_the_tool_says():
    execution = Started(UUID(int=5))
    assert pending(execution=execution).ref_type == "tool_execution"
    assert pending(execution=execution).ref_id == str(execution.id)
    named = pending("Sent", ref_type="order", ref_id=UUID(int=6))
    assert (named.ref_type, named.ref_id) == ("order", str(UUID(int=6)))


@pytest.mark.parametrize(
    "result",
    [
        completed(Stats(users=1), "One", content_parts=[{"type": "text", "text": "one"}]),
        completed([1, {"a": None}]),
        pending("Started", ref_type="order", ref_id="7"),
        not_found_error("Gone", details={"id": 3}),
        timeout_error("Too long", details=[1]),
    ],
)
def test_a_result_can_be_written_down_and_read_again(result: ToolResultBase):
    written = result.to_dict()
    again = ToolResultBase.from_dict(json.loads(json.dumps(written)))
    assert again.to_dict() == written
    assert type(again) is type(result) or isinstance(again, CompletedResult)
    assert again.text == result.text


@pytest.mark.parametrize("given", [{}, {"status": "done"}, {"status": "error", "code": "none"}])
def test_what_is_no_result_is_not_read_as_one(given: dict[str, Any]):
    with pytest.raises(ValidationError):
        ToolResultBase.from_dict(given)


def test_a_result_does_not_change():
    result = PendingResult(message="Started")
    with pytest.raises(ValidationError):
        result.message = "Ended"  # pyright: ignore[reportAttributeAccessIssue]


def test_words_for_people_are_short_and_can_be_stored():
    message = not_found_error(cast("str", ValueError("half \ud83d\0 " + "x" * 5000))).message
    assert message is not None
    assert message.startswith("half \ufffd\ufffd x")
    assert len(message) == 1000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ("half \ud83d and \0", "half \ufffd and \ufffd"),
        (None, "null"),
        (7, "7"),
        (True, "true"),
        ("\ud83d\ude00", "😀"),
        (["ü", 1], '["ü",1]'),
        ({"nul": "a\0"}, '{"nul":"a\ufffd"}'),
        ({"half \ud83d": ["\0", "\ud83d"]}, '{"half \ufffd":["\ufffd","\ufffd"]}'),
        ({1: "a", (2, 3): "b", None: "c"}, '{"1":"a","2,3":"b","None":"c"}'),
        ([math.nan, math.inf], '["NaN","Infinity"]'),
        (Point(0.5, "\ud83d"), '{"x":0.5,"y":"\ufffd"}'),
        (b"\xff\x00", '"_wA="'),
        ({3}, "[3]"),
        (Decimal("1.50"), '"1.50"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (datetime(2026, 1, 2, tzinfo=UTC), '"2026-01-02T00:00:00Z"'),
        (ValueError("lost"), '"lost"'),
        (Stats(users=1).model_copy(), '{"users":1,"since":"2026-01-01T00:00:00Z"}'),
        (10**400, str(10**400)),
    ],
)
def test_whatever_a_tool_returns_becomes_text_that_can_be_kept(value: object, text: str):
    assert as_text(value) == text
    as_text(value).encode()


def test_what_goes_in_circles_or_is_nested_too_deep_has_no_text():
    circle: list[object] = []
    circle.append({"again": circle})
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    for value in (circle, deep, Point(1, circle)):
        with pytest.raises(ValueError, match=r"circles|Circular"):
            as_text(value)
        with pytest.raises(ValidationError):
            completed(value)


def test_short_text_is_not_cut():
    for text in ("", "x", "x" * MAX_RESULT_BYTES, "é" * (MAX_RESULT_BYTES // 2)):
        assert bounded(text) == text


@pytest.mark.parametrize("character", ["x", "é", "☃", "😀"])
def test_long_text_is_cut_between_characters_and_says_how_much_is_missing(character: str):
    text = character * 20_000_000
    cut = bounded(text)
    head, line = cut.rsplit("\n", 1)
    assert len(cut.encode()) <= MAX_RESULT_BYTES
    assert len(head.encode()) > MAX_RESULT_BYTES - 110
    assert set(head) == {character}
    missing = f"{len(text) - len(head):,}"
    assert line == f"[{missing} more characters are left out.]"
