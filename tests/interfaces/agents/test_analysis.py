"""The analyses of the background tool: figures out of the read tables, the user's own alone."""

import logging
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.executions.arguments import ArgumentsInvalid
from application.executions.tool_execution import ToolExecution
from domain.completion_events import CompletionCancelled
from domain.execution_events import (
    ExecutionDispatched,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionStarted,
)
from domain.ids import uuid7
from domain.jsonvalue import JsonObject
from infrastructure.embedded import EmbeddedPostgres
from interfaces.agents import tool_usage, user_activity
from interfaces.agents.analysis import Analysis, run_analysis_task
from interfaces.agents.span import Span
from tests.projections.story import NOON, WORKER, Log, Story, answer, said
from tests.projections.tables import Tables, tables_in

MIDDAY = datetime.fromtimestamp(NOON / 1_000_000, UTC)


@pytest.fixture(scope="module")
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    async with tables_in(postgres) as tables:
        yield tables


class Told:
    """What an execution has said of its progress."""

    def __init__(self) -> None:
        self.fractions: list[float] = []

    def __call__(self, fraction: float, message: str | None) -> None:
        assert message
        self.fractions.append(fraction)


def span(
    tables: Tables,
    user_id: UUID | None,
    *,
    since: datetime = MIDDAY - timedelta(days=7),
    told: Told | None = None,
) -> Span:
    execution = ToolExecution(
        id=uuid4(),
        attempt=1,
        logger=logging.getLogger(__name__),
        sessions=tables.reading.session,
        report=told or Told(),
        user_id=user_id,
    )
    return Span(execution, days=7, since=since)


def call(tool: str) -> JsonObject:
    return {"part_kind": "tool-call", "tool_name": tool, "tool_call_id": "c", "args": {}}


def talk(log: Log, owner: UUID) -> None:
    """Two threads: one message answered with two calls, one cancelled; and one answered."""
    story = Story(log, owner=owner).start()
    _, first = story.ask("Hello")
    story.claim(first)
    story.record(first, call("look"), call("study"))
    story.record(first, call("look"), said("Found."), step=2)
    for status in (ExecutionFinished({}), ExecutionFailed("not_found", "gone")):
        execution = uuid7()
        story.stream(execution, ExecutionDispatched(first, "c", "study", "task", {}))
        story.stream(execution, ExecutionStarted(1, WORKER), status)
    story.finish(first, "Found.")
    _, cancelled = story.ask("And?")
    story.claim(cancelled)
    story.stream(cancelled, CompletionCancelled(1, answer()))
    other = Story(log, owner=owner).start()
    other.answer(other.ask("Bye")[1], "Bye.")


@pytest.fixture(scope="module")
async def user_id(tables: Tables) -> UUID:
    """Somebody who has talked, beside somebody who has talked more."""
    log, user_id = Log(), uuid4()
    talk(log, user_id)
    stranger = uuid4()
    talk(log, stranger)
    talk(log, stranger)
    await tables.apply(log.events)
    return user_id


async def test_activity_is_what_the_user_wrote_and_was_answered(
    tables: Tables, user_id: UUID
) -> None:
    told = Told()
    summary, data = await user_activity.analyse(span(tables, user_id, told=told))
    today = str(MIDDAY.date())
    assert data == {
        "threads": 2,
        "messages": 3,
        "messages_by_day": {today: 3},
        "answers": {"cancelled": 1, "completed": 2},
        "input_tokens": 60,
        "output_tokens": 15,
    }
    assert summary == (
        "In the last 7 days 3 messages were written and 2 threads begun; 2 of 3 answers are "
        f"complete. The busiest day was {today}, with 3 messages."
    )
    assert told.fractions == [0.0, 0.25, 0.5, 0.75, 1.0]


async def test_tool_usage_is_what_the_answers_called_and_how_it_ended(
    tables: Tables, user_id: UUID
) -> None:
    told = Told()
    summary, data = await tool_usage.analyse(span(tables, user_id, told=told))
    assert data == {
        "calls": {"look": 2, "study": 1},
        "executions": {"study": {"completed": 1, "failed": 1}},
        "average_seconds": {"study": 1.0},
    }
    assert summary == (
        "In the last 7 days tools were called 3 times, most often look (2 times). 2 of the calls "
        "ran in the background."
    )
    assert told.fractions == sorted(told.fractions)
    assert told.fractions[-1] == 1.0


async def test_what_is_older_is_left_out(tables: Tables, user_id: UUID) -> None:
    later = span(tables, user_id, since=MIDDAY + timedelta(days=1))
    assert await user_activity.analyse(later) == (
        "Nothing was written in the last 7 days.",
        {
            "threads": 0,
            "messages": 0,
            "messages_by_day": {},
            "answers": {},
            "input_tokens": 0,
            "output_tokens": 0,
        },
    )
    summary, data = await tool_usage.analyse(later)
    assert summary == "No tool was called in the last 7 days."
    assert data == {"calls": {}, "executions": {}, "average_seconds": {}}


async def test_outside_a_chat_it_is_about_everybody(tables: Tables, user_id: UUID) -> None:
    _, data = await user_activity.analyse(span(tables, None))
    assert data["messages"] == 9
    _, data = await tool_usage.analyse(span(tables, None))
    assert data["calls"] == {"look": 6, "study": 3}


def test_people_read_a_line_and_the_model_the_summary_and_the_figures() -> None:
    analysis = Analysis(analysis_type="tool_usage", days=3, summary="Much.", data={"calls": {}})
    assert analysis.format_message() == "Analysis complete: tool_usage"
    assert [part["text"] for part in analysis.format_content_parts()] == [
        "Much.",
        '{"analysis_type":"tool_usage","days":3,"data":{"calls":{}}}',
    ]


@pytest.mark.parametrize("days", [0, 366])
async def test_only_a_day_to_a_year_can_be_analysed(days: int) -> None:
    with pytest.raises(ArgumentsInvalid, match="days"):
        await run_analysis_task(None, analysis_type="tool_usage", days=days)
