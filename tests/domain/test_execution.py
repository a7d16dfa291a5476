"""A background tool's execution: given events, when a command, then events."""

from uuid import UUID

import pytest

from domain.execution import Ending, Execution, begin, evolve
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionStarted,
    ExecutionTimedOut,
)
from domain.refusals import ExecutionHasEnded
from tests.domain.history import recorded

WORKER = UUID(int=21)
DISPATCHED = ExecutionDispatched(UUID(int=3), "call_1", "analyse", "analyse_task", {"days": 7})
ENDINGS: list[Ending] = [
    ExecutionFinished({"rows": 1}),
    ExecutionFailed("internal_error", "It broke."),
    ExecutionCancelled(),
    ExecutionTimedOut(300),
]


def given(*events: ExecutionEvent) -> Execution:
    first, *others = recorded([DISPATCHED, *events])
    execution = begin(first)
    for one in others:
        execution = evolve(execution, one)
    return execution


def test_claims_are_numbered() -> None:
    assert given().claim(WORKER) == [ExecutionStarted(1, WORKER)]
    assert given(ExecutionStarted(1, WORKER)).claim(WORKER) == [ExecutionStarted(2, WORKER)]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda event: type(event).__name__)
def test_exactly_one_ending_counts(ending: Ending) -> None:
    assert given(ExecutionStarted(1, WORKER)).end(ending) == [ending]
    ended = given(ExecutionStarted(1, WORKER), ending)
    assert ended.request_cancel(None) == []
    for late in ENDINGS:
        with pytest.raises(ExecutionHasEnded):
            ended.end(late)
    with pytest.raises(ExecutionHasEnded):
        ended.claim(WORKER)


def test_its_time_runs_from_its_first_claim() -> None:
    assert given().begun_at is None
    again = given(
        ExecutionStarted(1, WORKER), ExecutionProgressed(0.5), ExecutionStarted(2, WORKER)
    )
    assert again.begun_at == 20


def test_asking_twice_to_cancel_is_asking_once() -> None:
    assert given().request_cancel("why") == [ExecutionCancelRequested("why")]
    assert given(ExecutionCancelRequested("why")).request_cancel("again") == []
