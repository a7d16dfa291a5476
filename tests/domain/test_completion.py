"""A completion: given events, when a command, then events."""

from uuid import UUID

import pytest

from domain.completion import Completion, begin, evolve
from domain.completion_events import (
    Answer,
    CancelRequested,
    CompletionCancelled,
    CompletionEvent,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionRequested,
    CompletionStarted,
    InterruptReason,
    ToolCalled,
    ToolReturned,
    Usage,
)
from domain.refusals import CompletionHasEnded, ToolCallHasItsResult, ToolCallIsUnknown
from tests.domain.history import recorded

WORKER, OTHER = UUID(int=21), UUID(int=22)
REQUESTED = CompletionRequested(UUID(int=1), UUID(int=11), agent="assistant")
STARTED = CompletionStarted(1, WORKER)
ANSWER = Answer("hi", 2, "8f43", Usage(1, 5, 1))
ENDINGS: list[CompletionEvent] = [
    CompletionFinished(1, ANSWER),
    CompletionFailed(1, "internal", "It broke.", ANSWER),
    CompletionCancelled(1, ANSWER),
]


def given(*events: CompletionEvent) -> Completion:
    first, *others = recorded([REQUESTED, *events])
    completion = begin(first)
    for one in others:
        completion = evolve(completion, one)
    return completion


def lost(times: int) -> list[CompletionEvent]:
    events: list[CompletionEvent] = []
    for attempt in range(1, times + 1):
        events += [
            CompletionStarted(attempt, WORKER),
            CompletionInterrupted(attempt, 10, "worker_lost"),
        ]
    return events


def test_a_claim_numbers_the_attempt() -> None:
    assert given().claim(WORKER) == [STARTED]


def test_a_takeover_voids_what_the_dead_attempt_said() -> None:
    assert given(STARTED).claim(OTHER, after="worker_lost", kept_through=10) == [
        CompletionInterrupted(1, 10, "worker_lost"),
        CompletionStarted(2, OTHER),
    ]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda event: type(event).__name__)
def test_what_has_ended_is_never_claimed_or_cancelled(ending: CompletionEvent) -> None:
    completion = given(STARTED, ending)
    assert completion.ended
    assert completion.request_cancel("late") == []
    with pytest.raises(CompletionHasEnded):
        completion.claim(OTHER, after="worker_lost")


def test_asking_twice_to_cancel_is_asking_once() -> None:
    assert given(STARTED).request_cancel("why") == [CancelRequested("why")]
    assert given(STARTED, CancelRequested("why")).request_cancel("again") == []


def test_the_third_lost_worker_is_one_too_many() -> None:
    assert not given(*lost(1)).attempts_used_up
    assert given(*lost(2)).attempts_used_up


@pytest.mark.parametrize("reason", ["handed_over", "model_retried"])
def test_only_lost_workers_use_up_attempts(reason: InterruptReason) -> None:
    handed_over = [STARTED, CompletionInterrupted(1, 10, reason)]
    assert not given(*handed_over, *handed_over, *handed_over).attempts_used_up


def test_a_tool_call_has_exactly_one_result() -> None:
    called = ToolCalled(1, 1, "call_1", "clock", {})
    returned = ToolReturned("call_1", "clock", "completed", "noon")
    assert given(STARTED, called).open_calls == ["call_1"]
    assert given(STARTED, called).return_tool(returned) == [returned]
    with pytest.raises(ToolCallHasItsResult):
        given(STARTED, called, returned).return_tool(returned)
    with pytest.raises(ToolCallIsUnknown):
        given(STARTED).return_tool(returned)
