"""What operators see: the run of each answer and tool, and what each hour counted."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from domain.catalogue import Event
from domain.completion_events import (
    ApprovalAnswered,
    CancelRequested,
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionWaiting,
    ModelRequested,
    ToolReturned,
    Usage,
)
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionDispatched,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from infrastructure.embedded import EmbeddedPostgres
from projections.hours import STEPS, step_of
from projections.operations import OPERATIONS
from projections.runs import Run
from tests.projections.random_story import random_log
from tests.projections.story import WORKER, Log, Story, answer
from tests.projections.tables import (
    Tables,
    assert_batches_do_not_matter,
    assert_rebuilt_equals_live,
    tables_in,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "what was said"


@pytest.fixture(scope="module")
async def made_tables(postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    async with tables_in(postgres, projection=OPERATIONS) as tables:
        yield tables


@pytest.fixture
async def tables(made_tables: Tables) -> Tables:
    await made_tables.clear()
    return made_tables


def at(position: int) -> datetime:
    return NOON + timedelta(seconds=position)


async def test_an_answer_from_the_request_to_its_end(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask(SECRET)
    asked = log.events[-1].position
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.id, row.completion_id, row.kind, row.position) == (
        completion,
        completion,
        "completion",
        asked,
    )
    assert (row.thread_id, row.user_id, row.agent) == (story.id, story.owner, "assistant")
    assert (row.status, row.name, row.asked_at) == ("pending", None, at(asked))
    began = story.claim(completion)
    story.stream(completion, ModelRequested(1, 1, "gpt-5", {}, None, None, (), "x"))
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.status, row.worker_id, row.attempts, row.name) == ("processing", WORKER, 1, "gpt-5")
    assert row.started_at == row.claimed_at == at(began)
    ended = story.stream(completion, CompletionFinished(1, answer(SECRET)))
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.status, row.completed_at, row.name) == ("completed", at(ended), "demo")
    assert (row.input_tokens, row.output_tokens, row.cost_microdollars) == (20, 5, 12)
    assert (row.time_to_first_token_ms, row.duration_ms) == (250, 3000)
    assert (row.model_requests, row.characters, row.tokens_estimated) == (1, len(SECRET), False)


async def test_an_answer_that_waits_is_lost_and_fails(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("x")
    first = story.claim(completion)
    story.stream(completion, CompletionWaiting(("c1",)))
    await tables.apply(log.events)
    assert (await tables.one(Run)).status == "waiting"
    story.stream(completion, ApprovalAnswered("c1", approved=True))
    story.claim(completion, attempt=2)
    story.stream(completion, CompletionInterrupted(2, 0, "worker_lost"))
    story.stream(completion, CompletionInterrupted(2, 0, "model_retried"))
    story.stream(completion, CompletionInterrupted(2, 0, "handed_over"))
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.status, row.attempts) == ("pending", 2)
    assert (row.lost_workers, row.model_retries, row.handovers) == (1, 1, 1)
    last = story.claim(completion, attempt=3)
    story.stream(
        completion,
        CompletionFailed(3, "rate_limited", SECRET, answer(SECRET), True, 429, "req-1"),
    )
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.started_at, row.claimed_at) == (at(first), at(last))
    assert (row.status, row.error_type, row.retryable) == ("failed", "rate_limited", True)
    assert (row.http_status, row.provider_request_id) == (429, "req-1")


async def test_who_asked_for_the_end_is_told(log: Log, story: Story, tables: Tables) -> None:
    _, completion = story.ask("x")
    asked = story.stream(completion, CancelRequested(SECRET))
    story.stream(completion, CompletionCancelled(0, replace(answer(), model=None), SECRET))
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.status, row.cancelled_by) == ("cancelled", "test")
    assert row.cancel_requested_at == at(asked)


async def test_a_background_tool_from_its_dispatch_to_its_result(
    log: Log, story: Story, tables: Tables
) -> None:
    execution, completion = uuid4(), uuid4()
    asked = story.stream(
        execution, ExecutionDispatched(completion, "c1", "report", "task", {"q": SECRET}, 300)
    )
    story.stream(execution, ExecutionStarted(1, WORKER), ExecutionProgressed(0.5, SECRET))
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.kind, row.name, row.completion_id, row.position) == (
        "tool",
        "report",
        completion,
        asked,
    )
    assert (row.status, row.progress, row.timeout_seconds, row.outside) == (
        "running",
        0.5,
        300,
        False,
    )
    story.stream(execution, ExecutionFinished({"text": SECRET}, SECRET))
    await tables.apply(log.events)
    row = await tables.one(Run)
    assert (row.status, row.duration_ms) == ("completed", 2000)


@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        (ExecutionFailed("not_found", SECRET), "failed", "not_found"),
        (ExecutionTimedOut(300), "timed_out", "timeout"),
        (ExecutionCancelled(SECRET), "cancelled", None),
    ],
)
async def test_a_background_tool_that_does_not_succeed(
    story: Story,
    tables: Tables,
    end: ExecutionFailed | ExecutionTimedOut | ExecutionCancelled,
    status: str,
    error: str | None,
) -> None:
    execution = uuid4()
    story.stream(
        execution,
        ExecutionDispatched(uuid4(), "c1", "report", None, {}),
        ExecutionCancelRequested(SECRET),
        end,
    )
    await tables.apply(story.log.events, cuts=[2, 3])
    row = await tables.one(Run)
    assert (row.status, row.error_type, row.outside) == (status, error, True)
    assert (row.cancelled_by, row.attempts, row.duration_ms) == ("test", 0, None)
    [counted] = (await tables.dump())["hours_of_tools"]
    assert (counted["tool"], counted["outcome"], counted["calls"]) == ("report", status, 1)


async def test_an_hour_counts_what_ended_in_it(log: Log, story: Story, tables: Tables) -> None:
    def end(*events: Event) -> None:
        _, completion = story.ask("x")
        story.stream(completion, *events)

    priced, unpriced = answer(), replace(answer(), cost_microdollars=None)
    end(CompletionFinished(1, priced))
    end(CompletionFinished(1, unpriced))
    end(CompletionFinished(1, replace(priced, model="gpt-5", time_to_first_token_ms=9)))
    end(CompletionFailed(1, "timeout", SECRET, unpriced))
    end(CompletionFailed(1, "overloaded", SECRET, replace(unpriced, usage=Usage())))
    end(CompletionCancelled(0, replace(answer(), model=None, time_to_first_token_ms=None)))
    await tables.apply(log.events, cuts=[8, 15])
    rows = await tables.dump()
    hour = "2026-11-22T12:00:00+00:00"
    assert {row["hour"] for rows in list(rows.values())[1:] for row in rows} == {hour}
    assert sorted(
        (row["model"], row["outcome"], row["failure"], row["answers"], row["unpriced"])
        for row in rows["hours_of_answers"]
    ) == [
        ("", "cancelled", "", 1, 0),
        ("demo", "completed", "", 2, 1),
        ("demo", "failed", "overloaded", 1, 0),
        ("demo", "failed", "timeout", 1, 1),
        ("gpt-5", "completed", "", 1, 0),
    ]
    both = next(row for row in rows["hours_of_answers"] if row["answers"] == 2)
    assert (both["input_tokens"], both["output_tokens"], both["cost_microdollars"]) == (40, 10, 12)
    assert sorted((row["within_ms"], row["answers"]) for row in rows["hours_of_first_tokens"]) == [
        (10, 1),
        (256, 4),
    ]


async def test_the_next_hour_counts_for_itself(log: Log, story: Story, tables: Tables) -> None:
    returned = ToolReturned("c1", "search", "completed", SECRET)
    while len(log.events) < 3602:
        story.stream(uuid4(), returned)
    await tables.apply(log.events)
    counted = [(row["hour"], row["calls"]) for row in (await tables.dump())["hours_of_tools"]]
    assert counted == [("2026-11-22T12:00:00+00:00", 3598), ("2026-11-22T13:00:00+00:00", 3)]


def test_the_steps_of_first_tokens_are_a_fifth_apart() -> None:
    assert [step_of(ms) for ms in (0, 1, 250, 256, 257)] == [1, 1, 256, 256, 304]
    assert step_of(10**9) == STEPS[-1]
    assert all(b / a < 1.21 for a, b in pairwise(step for step in STEPS if step > 40))


async def test_nothing_that_was_said_is_in_any_row(log: Log, story: Story, tables: Tables) -> None:
    _, completion = story.ask(SECRET)
    story.stream(
        completion,
        ToolReturned("c1", "search", "failed", SECRET, message=SECRET),
        CancelRequested(SECRET),
        CompletionFailed(1, "internal", SECRET, answer(SECRET)),
    )
    story.stream(
        uuid4(),
        ExecutionDispatched(uuid4(), "c1", "report", "task", {"q": SECRET}),
        ExecutionProgressed(0.5, SECRET),
        ExecutionFinished({"text": SECRET}, SECRET, SECRET),
    )
    await tables.apply(log.events)
    rows = await tables.dump()
    assert all(rows.values())
    assert SECRET not in str(rows)


async def test_rows_do_not_depend_on_where_batches_end(tables: Tables) -> None:
    rows = await assert_batches_do_not_matter(tables, random_log(1, events=300).events, seed=1)
    assert all(rows.values()), "the story is too short to prove anything"


async def test_a_rebuild_up_to_any_event_equals_what_was_live_then(tables: Tables) -> None:
    await assert_rebuilt_equals_live(tables, random_log(9, events=40, threads=2).events)


async def test_names_that_models_make_up_stop_nothing(
    log: Log, story: Story, tables: Tables
) -> None:
    story.stream(uuid4(), ToolReturned("c1", "a\0b", "failed", ""))
    story.stream(uuid4(), ToolReturned("c1", "x" * 100_000, "failed", ""))
    _, completion = story.ask("x")
    story.stream(completion, CompletionFinished(1, replace(answer(), model="\0" * 5000)))
    await tables.apply(log.events)
    rows = await tables.dump()
    assert {row["tool"] for row in rows["hours_of_tools"]} == {"a\ufffdb", "x" * 200}
    assert [row["model"] for row in rows["hours_of_answers"]] == ["\ufffd" * 200]
