"""What a background task may take and give."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel

from application.executions.tool_execution import ToolExecution
from application.tool_results import completed, failed, not_found_error, rate_limit_error
from application.tool_text import MAX_RESULT_BYTES
from domain.execution_events import ExecutionFailed, ExecutionFinished
from tests.application.tool_shop import Shop


class Stats(BaseModel):
    rows: int
    day: date


@dataclass
class Rows:
    rows: int


class Report(BaseModel):
    """Says itself what is read of it."""

    title: str

    def format_message(self) -> str:
        return f"Analysis complete: {self.title}"

    def format_content_parts(self) -> list[dict[str, str]]:
        return [{"type": "text", "text": f"# {self.title}"}]


CIRCLE: list[object] = []
CIRCLE.append(CIRCLE)


def giving(value: object) -> Shop:
    async def work(_execution: ToolExecution) -> object:
        return value

    return Shop(work)


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (
            Stats(rows=3, day=date(2026, 1, 2)),
            ExecutionFinished({"rows": 3, "day": "2026-01-02"}, '{"rows":3,"day":"2026-01-02"}'),
        ),
        (Rows(4), ExecutionFinished({"rows": 4}, '{"rows":4}')),
        ([1, 2], ExecutionFinished({"value": [1, 2]}, "[1,2]")),
        ("done\0", ExecutionFinished({"value": "done\ufffd"}, "done\ufffd")),
        (None, ExecutionFinished({"value": None}, "null")),
        (Report(title="T"), ExecutionFinished({"title": "T"}, "# T", "Analysis complete: T")),
        (completed({"a": 1}, "One"), ExecutionFinished({"a": 1}, '{"a":1}', "One")),
        (not_found_error("No such widget."), ExecutionFailed("not_found", "No such widget.")),
        (rate_limit_error(), ExecutionFailed("rate_limit", "rate_limit")),
        (failed("timeout", "Too slow."), ExecutionFailed("internal_error", "Too slow.")),
        (
            CIRCLE,
            ExecutionFailed("internal_error", "The tool run_analysis failed unexpectedly."),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_result_is_told_to_people_and_models(value: object, event: object) -> None:
    assert await giving(value).run() == event


async def test_a_large_result_stands_in_a_blob_and_its_head_in_the_event() -> None:
    shop = giving({"text": "ä" * MAX_RESULT_BYTES})
    await shop.run()
    finished = shop.finished()
    assert finished.result is None
    assert len(finished.content.encode()) <= MAX_RESULT_BYTES
    assert "more characters are left out" in finished.content
    assert finished.result_sha256 is not None
    content = shop.blobs.kept[shop.owner_id, finished.result_sha256]
    assert content.decode() == '{"text":"' + "ä" * MAX_RESULT_BYTES + '"}'


async def test_arguments_are_what_the_annotations_say() -> None:
    async def work(
        _execution: ToolExecution,
        kind: Literal["users", "widgets"],
        rows: Rows,
        *,
        key: UUID,
        days: int = 7,
        anything: Any = None,
    ) -> object:
        assert isinstance(rows, Rows)
        assert isinstance(key, UUID)
        return f"{kind} {rows.rows} {days} {anything}"

    shop = Shop(work)
    given = {"kind": "users", "rows": {"rows": 2}, "key": str(UUID(int=1)), "anything": [1]}
    await shop.run(**given)
    assert shop.finished().content == "users 2 7 [1]"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"kind": "cats"}, "kind: Input should be 'users' or 'widgets'"),
        ({}, "kind: is missing"),
        ({"kind": "users", "weeks": 1}, "weeks: there is no such argument"),
        ({"kind": "users", "days": "many"}, "days: Input should be a valid integer"),
    ],
)
async def test_wrong_arguments_are_told_and_the_task_is_not_run(
    arguments: dict[str, object], told: str
) -> None:
    async def work(
        _execution: ToolExecution, kind: Literal["users", "widgets"], days: int = 7
    ) -> None:
        raise AssertionError(kind, days)

    shop = Shop(work, retries=3)
    ending = await shop.run(**arguments)
    assert isinstance(ending, ExecutionFailed)
    assert ending.type == "validation_error"
    assert ending.message.startswith(told)
    assert shop.names() == ["dispatched", "started", "failed"]
