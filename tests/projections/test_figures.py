"""Figures of a period, each against a log made by hand."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.catalogue import Event
from domain.completion_events import (
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    ToolReturned,
    Usage,
)
from domain.execution_events import ExecutionDispatched, ExecutionFinished, ExecutionTimedOut
from domain.recorded import Recorded
from infrastructure.embedded import EmbeddedPostgres
from projections import figures
from projections.figures import ModelUse, Span, ToolUse, percentile
from projections.operations import OPERATIONS
from tests.projections.story import Log, Story, answer
from tests.projections.tables import Tables, tables_in

HOUR = timedelta(hours=1)
TEN = datetime(2026, 11, 22, 10, tzinfo=UTC)


def late(log: Log, *, hours: int) -> list[Recorded[Event]]:
    """The log so far, as if it had been written so many hours later."""
    return [replace(one, at=one.at + hours * 3_600_000_000) for one in log.events]


@pytest.fixture(scope="module")
async def tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """At 10 o'clock two answers and a failure, at 12 a failure, an end and an answer; and tools."""
    log = Log()
    story = Story(log).start()

    def end(*events: Event) -> None:
        _, completion = story.ask("x")
        story.stream(completion, *events)

    slow = replace(answer(), model="gpt-5", time_to_first_token_ms=4096, cost_microdollars=1000)
    nothing = replace(answer(), model=None, usage=Usage(), cost_microdollars=None)
    nothing = replace(nothing, time_to_first_token_ms=None)
    end(CompletionFinished(1, answer()))
    end(CompletionFinished(1, slow))
    end(CompletionFailed(1, "timeout", "", answer()))
    early = late(log, hours=-2)
    end(CompletionFailed(1, "timeout", "", nothing))
    end(CompletionFailed(1, "overloaded", "", nothing))
    end(CompletionCancelled(1, nothing))
    end(CompletionFinished(1, replace(slow, cost_microdollars=None)))
    for outcome in ("completed", "completed", "error", "outcome_unknown", "cancelled", "pending"):
        story.stream(uuid4(), ToolReturned("c1", "search", outcome, ""))
    for ending in (ExecutionFinished(None), ExecutionTimedOut(3)):
        story.stream(uuid4(), ExecutionDispatched(uuid4(), "c", "report", None, {}), ending)
    story.stream(uuid4(), ToolReturned("c1", "only_handed_over", "pending", ""))
    async with tables_in(postgres, projection=OPERATIONS) as tables:
        await tables.apply([*early, *log.events[len(early) :]])
        yield tables


async def test_answers_by_outcome_and_step(tables: Tables) -> None:
    async with tables.reading.session() as session:
        hourly = await figures.outcomes(session, since=TEN, step=HOUR)
        later = await figures.outcomes(session, since=TEN + HOUR, step=6 * HOUR)
    assert hourly == {
        "completed": {TEN: 2, TEN + 2 * HOUR: 1},
        "failed": {TEN: 1, TEN + 2 * HOUR: 2},
        "cancelled": {TEN + 2 * HOUR: 1},
    }
    assert later == {
        "completed": {TEN + 2 * HOUR: 1},
        "failed": {TEN + 2 * HOUR: 2},
        "cancelled": {TEN + 2 * HOUR: 1},
    }


async def test_first_tokens_by_step(tables: Tables) -> None:
    async with tables.reading.session() as session:
        found = await figures.first_tokens(session, since=TEN, step=HOUR)
    assert found == {TEN: {256: 2, 4096: 1}, TEN + 2 * HOUR: {4096: 1}}


async def test_tokens_and_costs_by_model(tables: Tables) -> None:
    async with tables.reading.session() as session:
        found = await figures.models(session, since=TEN)
        later = await figures.models(session, since=TEN + HOUR)
    assert found == [
        ModelUse("", 3, 0, 0, 0, 0),
        ModelUse("demo", 2, 40, 10, 24, 0),
        ModelUse("gpt-5", 2, 40, 10, 1000, 1),
    ]
    assert [use.answers for use in later] == [3, 1]


async def test_tools_by_how_they_ended(tables: Tables) -> None:
    async with tables.reading.session() as session:
        found = await figures.tools(session, since=TEN)
        assert await figures.tools(session, since=TEN + 3 * HOUR) == []
    assert found == [ToolUse("search", 2, 2, 1), ToolUse("report", 1, 1, 0)]
    assert [use.ended for use in found] == [4, 2]


async def test_failures_by_class(tables: Tables) -> None:
    async with tables.reading.session() as session:
        assert await figures.failures(session, since=TEN) == {"timeout": 2, "overloaded": 1}
        assert await figures.failures(session, since=TEN + HOUR) == {"overloaded": 1, "timeout": 1}


@pytest.mark.parametrize(
    ("counts", "share", "within_ms"),
    [
        ({256: 1}, 0.5, 256),
        ({256: 10}, 0.5, 236),  # the steps are 215 and 256
        ({256: 10}, 0.95, 256),
        ({256: 9, 4096: 1}, 0.9, 256),
        ({256: 9, 4096: 1}, 0.95, 4096),
        ({1: 4}, 0.5, 0),
        ({}, 0.5, 0),
    ],
)
def test_a_percentile_lies_within_its_step(
    counts: dict[int, int], share: float, within_ms: int
) -> None:
    assert percentile(counts, share) == within_ms


def test_a_span_ends_with_the_step_that_is_under_way() -> None:
    now = datetime(2026, 11, 23, 1, 25, tzinfo=UTC)
    assert Span(3, 1).beginnings(now) == [
        datetime(2026, 11, 22, 23, tzinfo=UTC),
        datetime(2026, 11, 23, 0, tzinfo=UTC),
        datetime(2026, 11, 23, 1, tzinfo=UTC),
    ]
    assert Span(2, 6).beginnings(now)[0] == datetime(2026, 11, 22, 18, tzinfo=UTC)
    assert Span(30, 24).beginnings(now)[-1] == datetime(2026, 11, 23, tzinfo=UTC)
