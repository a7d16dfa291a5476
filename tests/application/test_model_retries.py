"""A model in trouble is asked again: visibly, after a pause, a bounded number of times."""

from collections.abc import AsyncIterator
from typing import Any

from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo

from application.model_errors import ModelFailure
from application.model_retries import ModelRetries
from domain.completion_events import (
    CancelRequested,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionStarted,
)
from tests.application.house import House, Saying, until

QUICK = ModelRetries(most=2, first_seconds=0.01)
SLOW = ModelRetries(most=2, first_seconds=3600.0, longest_seconds=3600.0)
BUSY = ModelFailure("overloaded", "The model is overloaded at the moment.", retryable=True)


def failing(times: int) -> Saying:
    """A model that breaks off in its first answers."""
    told = 0

    async def model(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        nonlocal told
        told += 1
        yield f"Try {told}"
        if told <= times:
            raise ConnectionError
        yield "!"

    return model


async def test_the_next_attempt_begins_anew_and_what_was_said_is_void():
    house = House(failing(2), model_retries=QUICK)
    running = await house.answer()
    ended = running.ended
    assert isinstance(ended, CompletionFinished)
    assert (ended.attempt, ended.answer.text) == (3, "Try 3!")
    assert ended.answer.usage.requests == 3
    assert ended.answer.usage.estimated
    for number, interrupted in enumerate(running.of(CompletionInterrupted), start=1):
        assert (interrupted.attempt, interrupted.reason) == (number, "model_retried")
        assert interrupted.error == "overloaded"
        assert interrupted.retry_in_ms is not None
    worker = running.completion.worker_id
    assert running.of(CompletionStarted) == [
        CompletionStarted(attempt, worker) for attempt in (1, 2, 3) if worker
    ]


async def test_after_the_last_try_it_fails_with_what_was_said_last():
    house = House(failing(9), model_retries=QUICK)
    running = await house.answer()
    ended = running.ended
    assert isinstance(ended, CompletionFailed)
    assert (ended.attempt, ended.type, ended.answer.text) == (3, "overloaded", "Try 3")
    assert ended.retryable


async def test_a_cancel_ends_the_pause():
    house = House(failing(9), model_retries=SLOW)
    running = await house.begin()
    await until(lambda: running.of(CompletionInterrupted) != [])
    house.log.stranger(running.completion.id, CancelRequested())
    await running.run.look()
    assert await running.end() == "cancelled"


async def test_a_worker_that_leaves_in_the_pause_hands_over():
    house = House(failing(1), model_retries=SLOW)
    running = await house.begin()
    await until(lambda: running.of(CompletionInterrupted) != [])
    running.run.hand_over()
    assert await running.end() == "handed_over"


def test_pauses_double_and_vary():
    retries = ModelRetries(most=9, first_seconds=1.0)
    for before in range(4):
        pauses = [retries.pause_seconds(BUSY, before=before) or 0.0 for _ in range(200)]
        assert 0.5 * 2**before <= min(pauses) < max(pauses) <= 2**before


def test_what_the_provider_asks_for_is_waited_for_within_reason():
    retries = ModelRetries()
    patient = ModelFailure("rate_limited", "", retryable=True, retry_after_seconds=20.0)
    assert retries.pause_seconds(patient, before=0) == 20.0
    endless = ModelFailure("rate_limited", "", retryable=True, retry_after_seconds=31.0)
    assert retries.pause_seconds(endless, before=0) is None


def test_what_would_fail_again_is_not_tried_again():
    final = ModelFailure("rejected", "", retryable=False)
    assert ModelRetries().pause_seconds(final, before=0) is None
    assert ModelRetries().pause_seconds(BUSY, before=2) is None
