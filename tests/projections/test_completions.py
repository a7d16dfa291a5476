"""What the row of a completion shows, from the request to the end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from domain.completion_events import (
    ApprovalAnswered,
    CancelRequested,
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionRequested,
    CompletionWaiting,
    InterruptReason,
    ModelRequested,
    Usage,
)
from projections import completions
from projections.completions import Completion
from tests.projections.story import Log, Reader, Story, answer, said
from tests.projections.tables import Tables

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_a_finished_completion_shows_text_cost_and_times(
    log: Log, story: Story, tables: Tables
) -> None:
    message, completion = story.ask("How far is the moon?")
    story.claim(completion)
    story.record(completion, said("384,400 "))
    story.record(completion, said("km"), step=2)
    end = story.finish(completion, "384,400 km") - 1
    await tables.apply(log.events)
    row = await tables.one(Completion)
    assert (row.id, row.thread_id, row.user_id) == (completion, story.id, story.owner)
    assert (row.message_id, row.agent, row.model) == (message, "assistant", "demo")
    assert (row.status, row.attempts) == ("completed", 1)
    assert (row.response, row.characters, row.sha256) == ("384,400 km", 10, "5ha")
    assert (row.input_tokens, row.output_tokens, row.cost_microdollars) == (20, 5, 12)
    assert (row.time_to_first_token_ms, row.latency_ms) == (250, 3000)
    assert (row.error_type, row.error_message, row.error_details) == (None, None, None)
    assert (row.position, row.created_at) == (4, NOON + timedelta(seconds=4))
    assert row.started_at == NOON + timedelta(seconds=5)
    assert row.completed_at == NOON + timedelta(seconds=end)


async def test_the_state_follows_the_run(log: Log, story: Story, tables: Tables) -> None:
    _, completion = story.ask("Delete it all")

    async def state() -> tuple[str, int]:
        await tables.apply(log.events)
        row = await tables.one(Completion)
        return row.status, row.attempts

    assert await state() == ("pending", 0)
    story.claim(completion)
    assert await state() == ("processing", 1)
    story.stream(completion, CompletionWaiting(("c1", "c2")))
    assert await state() == ("waiting", 1)
    story.stream(completion, ApprovalAnswered("c1", approved=True), CompletionWaiting(("c2",)))
    assert await state() == ("waiting", 1)
    story.stream(completion, ApprovalAnswered("c2", approved=False))
    assert await state() == ("pending", 1)
    story.claim(completion, attempt=2)
    assert await state() == ("processing", 2)
    assert (await tables.one(Completion)).started_at == NOON + timedelta(seconds=5)
    story.stream(completion, CompletionInterrupted(2, 4, "worker_lost"))
    assert await state() == ("pending", 2)


async def test_the_model_is_shown_while_it_answers(log: Log, story: Story, tables: Tables) -> None:
    _, completion = story.ask("Hello")
    story.claim(completion)
    story.stream(completion, ModelRequested(1, 1, "claude", {}, None, None, (), "2.68"))
    await tables.apply(log.events)
    assert (await tables.one(Completion)).model == "claude"


async def test_a_failed_completion_says_why_and_keeps_its_text(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("Hello")
    story.claim(completion)
    story.record(completion, said("He"))
    failure = CompletionFailed(1, "overloaded", "Try later.", answer("He"), True, 529, "req_1")
    story.stream(completion, failure)
    await tables.apply(log.events)
    row = await tables.one(Completion)
    assert (row.status, row.response) == ("failed", "He")
    assert (row.error_type, row.error_message) == ("overloaded", "Try later.")
    assert row.error_details == {
        "retryable": True,
        "status": 529,
        "provider_request_id": "req_1",
    }
    assert row.output_tokens == 5


async def test_a_cancelled_completion_keeps_its_text_and_the_reason(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("Hello")
    story.claim(completion)
    story.record(completion, said("He"))
    story.stream(completion, CompletionCancelled(1, answer("He"), "wrong thread"))
    await tables.apply(log.events)
    row = await tables.one(Completion)
    assert (row.status, row.response, row.error_message) == ("cancelled", "He", "wrong thread")


async def test_void_text_is_no_part_of_the_response(log: Log, story: Story, tables: Tables) -> None:
    _, completion = story.ask("Count")
    claimed = story.claim(completion)
    story.record(completion, said("Tow"))
    await tables.apply(log.events)
    story.stream(completion, CompletionInterrupted(1, claimed, "worker_lost"))
    await tables.apply(log.events)
    assert (await tables.one(Completion)).response is None
    story.claim(completion, attempt=2)
    story.record(completion, said("Two"), attempt=2)
    await tables.apply(log.events)
    assert (await tables.one(Completion)).response == "Two"


async def test_a_response_is_kept_whole(log: Log, story: Story, tables: Tables) -> None:
    long = "word " * 100_000
    _, completion = story.ask("Write a book")
    story.answer(completion, long)
    await tables.apply(log.events)
    assert (await tables.one(Completion)).response == long


async def test_a_reserved_completion_is_pending_until_its_turn(
    log: Log, story: Story, tables: Tables
) -> None:
    story.ask("First")
    second, reserved = story.queue("Second")
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        row = await completions.get(session, reserved, reader=story.reader)
    assert row is not None
    assert (row.status, row.message_id, row.agent) == ("pending", second, None)


async def test_lists_are_in_the_order_of_the_requests_and_only_for_the_owner(
    log: Log, story: Story, tables: Tables
) -> None:
    asked = [story.ask(str(number))[1] for number in range(3)]
    Story(log).start().ask("elsewhere")
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        first = await completions.list_of_thread(session, story.id, reader=story.reader, limit=2)
        rest = await completions.list_of_thread(
            session, story.id, reader=story.reader, limit=2, cursor=first.next
        )
        foreign = await completions.list_of_thread(session, story.id, reader=Reader(uuid4()))
        hidden = await completions.get(session, asked[0], reader=Reader(uuid4()))
    assert [row.id for row in (*first.items, *rest.items)] == asked
    assert (foreign.items, hidden) == ([], None)


async def test_the_time_of_the_model_is_what_its_requests_took(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("Hello")
    asked = ModelRequested(1, 1, "gpt-5", {}, None, None, (), "sdk", named="openai-chat:gpt-5")
    story.claim(completion)
    story.stream(completion, asked)  # never answered: void
    story.stream(completion, CompletionInterrupted(1, 0, "worker_lost"))
    story.claim(completion, attempt=2)
    for _ in range(2):
        story.stream(completion, asked)
        story.record(completion, said("He"), attempt=2)
    await tables.apply(log.events, cuts=range(1, len(log.events)))
    row = await tables.one(Completion)
    assert (row.provider, row.model) == ("openai-chat", "gpt-5")
    assert (row.model_ms, row.model_asked_at) == (2000, None)


async def test_every_reason_for_another_attempt_is_counted(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("Hello")
    reasons: tuple[InterruptReason, ...] = ("handed_over", "model_retried", "model_retried")
    for attempt, reason in enumerate(reasons, 1):
        story.claim(completion, attempt=attempt)
        story.stream(completion, CompletionInterrupted(attempt, 0, reason))
    await tables.apply(log.events)
    row = await tables.one(Completion)
    assert (row.lost_workers, row.model_retries, row.handovers) == (0, 2, 1)


async def test_who_asked_for_the_end_and_when(log: Log, story: Story, tables: Tables) -> None:
    _, completion = story.ask("Hello")
    requested = story.stream(completion, CancelRequested("enough"))
    story.stream(completion, CompletionCancelled(0, answer(), "enough"))
    await tables.apply(log.events)
    row = await tables.one(Completion)
    assert row.cancelled_by == "test"
    assert row.cancel_requested_at == NOON + timedelta(seconds=requested)


async def test_the_turn_of_a_queued_message_comes_later_than_the_message(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("First")
    message, reserved = story.queue("Second")
    asked = log.events[-1].position
    story.answer(completion, "Yes")
    turn = story.stream(reserved, CompletionRequested(story.id, message, "assistant"))
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        row = await completions.get(session, reserved, reader=story.reader)
    assert row is not None
    assert row.created_at == NOON + timedelta(seconds=asked)
    assert row.requested_at == NOON + timedelta(seconds=turn)


async def test_what_the_provider_counted(log: Log, story: Story, tables: Tables) -> None:
    _, completion = story.ask("Hello")
    story.claim(completion)
    usage = Usage(3, 100, 20, cache_read_tokens=40, cache_write_tokens=7, estimated=True)
    story.stream(completion, CompletionFinished(1, replace(answer("x"), usage=usage)))
    await tables.apply(log.events)
    row = await tables.one(Completion)
    assert (row.model_requests, row.cache_read_tokens, row.cache_write_tokens) == (3, 40, 7)
    assert row.tokens_estimated is True
