"""A completion: given events, when a command, then events."""

from uuid import UUID

import pytest

from domain.completion import DENIED_BY_WRITING, Completion, begin, evolve
from domain.completion_events import (
    Answer,
    ApprovalAnswered,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionEvent,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionRequested,
    CompletionStarted,
    CompletionWaiting,
    InputTaken,
    InterruptReason,
    MessageRecorded,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
    Usage,
)
from domain.refusals import (
    ApprovalAlreadyAnswered,
    ApprovalNotAsked,
    CompletionHasEnded,
)
from tests.domain.history import recorded

WORKER, OTHER = UUID(int=21), UUID(int=22)
REQUESTED = CompletionRequested(UUID(int=1), UUID(int=11), agent="assistant")
STARTED = CompletionStarted(1, WORKER)
HELLO = Chunk(1, 1, 0, "text", "Hello", ((5, 0),))
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


def called(call: str) -> ToolCalled:
    return ToolCalled(1, 1, call, "clock", {})


def returned(call: str) -> ToolReturned:
    return ToolReturned(call, "clock", "completed", "noon")


def lost_after(*attempts: list[CompletionEvent]) -> list[CompletionEvent]:
    """A worker was lost after it had done each of these, and another one took over."""
    history: list[CompletionEvent] = [STARTED]
    for done in attempts:
        history += done
        history += given(*history).claim(OTHER, after="worker_lost")
    return history


def test_a_claim_numbers_the_attempt() -> None:
    assert given().claim(WORKER) == [STARTED]


def test_a_takeover_voids_what_the_dead_attempt_said() -> None:
    assert given(STARTED, HELLO).claim(OTHER, after="worker_lost") == [
        CompletionInterrupted(1, 10, "worker_lost"),
        CompletionStarted(2, OTHER),
    ]


@pytest.mark.parametrize(
    "step",
    [
        called("a"),
        returned("a"),
        ToolDispatched("a", UUID(int=31), "analyse", {}),
        InputTaken((UUID(int=12),)),
        CompletionWaiting(("a",)),
        ApprovalAnswered("a", approved=True),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_is_done_is_kept_by_the_next_attempt(step: CompletionEvent) -> None:
    """Positions are ten times the version."""
    assert given(STARTED, HELLO, step).kept_through == 40
    assert given(STARTED, HELLO, step, HELLO).kept_through == 40


def test_what_was_only_said_is_not_kept() -> None:
    message = MessageRecorded(1, 1, {"kind": "response", "parts": []})
    assert given(STARTED, HELLO, message).kept_through == 10


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


def test_a_second_worker_lost_at_the_same_step_is_one_too_many() -> None:
    assert not given(STARTED).attempts_used_up
    assert given(*lost_after([])).attempts_used_up
    assert given(*lost_after([called("a")])).attempts_used_up


def test_where_there_is_progress_the_third_lost_worker_is_one_too_many() -> None:
    once = lost_after([called("a")])
    assert not given(*once, returned("a")).attempts_used_up
    twice = lost_after([called("a")], [returned("a")])
    assert given(*twice, called("b")).attempts_used_up


@pytest.mark.parametrize("reason", ["handed_over", "model_retried"])
def test_only_lost_workers_use_up_attempts(reason: InterruptReason) -> None:
    handed_over = [STARTED, CompletionInterrupted(1, 10, reason)]
    assert not given(*handed_over, *handed_over, *handed_over).attempts_used_up


def test_background_tools_are_listed_in_the_order_of_their_dispatch() -> None:
    first, second = UUID(int=31), UUID(int=32)
    completion = given(
        STARTED,
        ToolDispatched("a", first, "analyse", {}),
        ToolDispatched("b", second, "analyse", {}),
    )
    assert completion.executions == (first, second)


WAITING = [STARTED, called("a"), called("b"), CompletionWaiting(("a", "b"))]


def test_while_it_waits_for_a_person_no_worker_is_held() -> None:
    waiting = given(*WAITING)
    assert (waiting.status, waiting.worker_id) == ("waiting", None)
    assert waiting.open_approvals == ("a", "b")


def test_it_waits_on_for_the_calls_that_are_not_answered() -> None:
    answered = given(*WAITING).answer_approval("a", approved=True, reason="go")
    assert answered == [
        ApprovalAnswered("a", approved=True, reason="go"),
        CompletionWaiting(("b",)),
    ]
    half = given(*WAITING, *answered)
    assert (half.status, half.open_approvals) == ("waiting", ("b",))


def test_the_last_answer_lets_any_worker_go_on() -> None:
    first = given(*WAITING).answer_approval("b", approved=False)
    last = given(*WAITING, *first).answer_approval("a", approved=True)
    assert last == [ApprovalAnswered("a", approved=True)]
    pending = given(*WAITING, *first, *last)
    assert (pending.status, pending.open_approvals) == ("pending", ())
    assert pending.claim(OTHER) == [CompletionStarted(2, OTHER)]


def test_the_same_decision_twice_is_once_and_another_one_is_refused() -> None:
    answered = [*WAITING, *given(*WAITING).answer_approval("a", approved=True)]
    ended = [*answered, CancelRequested(), CompletionCancelled(1, ANSWER)]
    for history in (answered, ended):
        assert given(*history).answer_approval("a", approved=True, reason="again") == []
        with pytest.raises(ApprovalAlreadyAnswered):
            given(*history).answer_approval("a", approved=False)


def test_what_was_never_asked_cannot_be_answered() -> None:
    with pytest.raises(ApprovalNotAsked):
        given(*WAITING).answer_approval("c", approved=True)


def test_after_a_request_to_cancel_nothing_is_decided_any_more() -> None:
    cancelling = [*WAITING, CancelRequested()]
    for history in (cancelling, [*cancelling, CompletionCancelled(1, ANSWER)]):
        assert given(*history).deny_open() == []
        with pytest.raises(CompletionHasEnded):
            given(*history).answer_approval("a", approved=True)


def test_who_writes_instead_denies_what_is_open() -> None:
    approved = given(*WAITING).answer_approval("a", approved=True)
    denied = given(*WAITING, *approved).deny_open()
    assert denied == [ApprovalAnswered("b", approved=False, reason=DENIED_BY_WRITING)]
    assert given(*WAITING, *approved, *denied).status == "pending"
    assert given(*WAITING, *given(*WAITING).deny_open()).status == "pending"
    assert given(STARTED).deny_open() == []
