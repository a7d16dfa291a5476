"""Results of background tools: when they begin an answer by themselves."""

from uuid import UUID

import pytest

from domain.ids import follow_up_of
from domain.thread import MOST_FOLLOW_UPS
from domain.thread_events import (
    MessageDelivered,
    Outcome,
    ResultArrived,
    ResultDelivered,
    ThreadArchived,
    ThreadCompletionRequested,
    ThreadEvent,
)
from tests.domain.history import STREAM
from tests.domain.threads import (
    ANALYSIS,
    FIRST,
    SEARCH,
    SECOND,
    STARTED,
    answer_to,
    asked,
    ended,
    given,
    queued,
)


def arrived(execution_id: UUID = ANALYSIS, *, continues: bool = True) -> ResultArrived:
    return ResultArrived(execution_id, answer_to(FIRST), continues)


def follow_up(execution_id: UUID = ANALYSIS) -> UUID:
    return follow_up_of(STREAM, execution_id=execution_id)


def arrival(
    *history: ThreadEvent, of: UUID = ANALYSIS, continues: bool = True
) -> list[ThreadEvent]:
    return given(*history).arrive(of, completion_id=answer_to(FIRST), continues=continues)


ANSWERED: list[ThreadEvent] = [STARTED, *asked(FIRST), ended(answer_to(FIRST))]


def test_a_result_for_an_idle_thread_begins_an_answer_below_the_last_one() -> None:
    came = arrival(*ANSWERED)
    assert came == [arrived(), ThreadCompletionRequested(follow_up(), answer_to(FIRST))]
    history = [*ANSWERED, *came]
    taken = given(*history).take_in(follow_up())
    assert taken == [ResultDelivered(ANALYSIS, follow_up())]
    assert given(*history, *taken).take_in(follow_up()) == []
    done = given(*history, *taken).end_turn(follow_up(), outcome="finished", answered=True)
    assert done == [ended(follow_up())]
    assert given(*history, *taken, *done).path_to(follow_up()) == [
        FIRST,
        answer_to(FIRST),
        follow_up(),
    ]


def test_results_are_told_before_messages_and_each_once() -> None:
    history = [STARTED, *asked(FIRST), queued(SECOND, "steer"), arrived(), arrived(SEARCH)]
    answer = answer_to(FIRST)
    assert given(*history).take_in(answer) == [
        ResultDelivered(ANALYSIS, answer),
        ResultDelivered(SEARCH, answer),
        MessageDelivered(SECOND, FIRST),
    ]


def test_a_result_that_does_not_continue_waits_for_the_next_message() -> None:
    assert arrival(*ANSWERED, continues=False) == [arrived(continues=False)]
    waiting = [*ANSWERED, arrived(continues=False), *asked(SECOND, answer_to(FIRST))]
    assert given(*waiting).take_in(answer_to(SECOND)) == [
        ResultDelivered(ANALYSIS, answer_to(SECOND))
    ]


def test_a_result_that_does_not_continue_begins_no_answer_to_one_that_did() -> None:
    failed = [STARTED, *asked(FIRST), arrived(SEARCH), ended(answer_to(FIRST), "failed")]
    assert arrival(*failed, continues=False) == [arrived(continues=False)]


def test_a_result_for_a_busy_thread_waits_for_the_next_step_or_the_end() -> None:
    assert arrival(STARTED, *asked(FIRST)) == [arrived()]
    answer = answer_to(FIRST)
    late = given(STARTED, *asked(FIRST), arrived(), arrived(SEARCH))
    assert late.end_turn(answer, outcome="finished", answered=True) == [
        ended(answer),
        ThreadCompletionRequested(follow_up(SEARCH), answer),
    ]


def test_what_waits_goes_before_a_follow_up() -> None:
    history = [STARTED, *asked(FIRST), arrived(), queued(SECOND)]
    done = given(*history).end_turn(answer_to(FIRST), outcome="finished", answered=True)
    assert done[-1] == ThreadCompletionRequested(answer_to(SECOND), SECOND)
    assert given(*history, *done).results != ()


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_only_a_finished_turn_is_followed_up(outcome: Outcome) -> None:
    thread = given(STARTED, *asked(FIRST), arrived())
    done = thread.end_turn(answer_to(FIRST), outcome=outcome, answered=True)
    assert done == [ended(answer_to(FIRST), outcome)]


def test_after_a_cancel_there_is_quiet_until_the_user_speaks() -> None:
    cancelled = [STARTED, *asked(FIRST), ended(answer_to(FIRST), "cancelled")]
    assert arrival(*cancelled) == [arrived()]
    assert not given(*cancelled).goes_on
    second = [*asked(SECOND, answer_to(FIRST)), ended(answer_to(SECOND))]
    assert given(*cancelled, *second).goes_on
    assert len(arrival(*cancelled, *second)) == 2


def test_an_archived_thread_is_not_followed_up() -> None:
    assert arrival(*ANSWERED, ThreadArchived()) == [arrived()]
    assert not given(*ANSWERED, ThreadArchived()).goes_on
    archived = given(STARTED, *asked(FIRST), ThreadArchived(), arrived())
    done = archived.end_turn(answer_to(FIRST), outcome="finished", answered=True)
    assert done == [ended(answer_to(FIRST))]


def test_a_question_without_an_answer_is_not_followed_up() -> None:
    failed = [STARTED, *asked(FIRST), ended(answer_to(FIRST), "failed", answered=False)]
    assert arrival(*failed) == [arrived()]
    assert not given(*failed).goes_on


def test_a_follow_up_whose_id_is_taken_does_not_begin() -> None:
    taken = frozenset([follow_up()])
    idle, busy = given(*ANSWERED), given(STARTED, *asked(FIRST), arrived())
    answer = answer_to(FIRST)
    assert idle.arrive(ANALYSIS, completion_id=answer, continues=True, taken=taken) == [arrived()]
    assert busy.end_turn(answer, outcome="finished", answered=True, taken=taken) == [ended(answer)]


def followed_up(times: int) -> list[ThreadEvent]:
    """So many answers in a row to results that nobody has asked for."""
    history = [*ANSWERED]
    for number in range(times):
        execution = UUID(int=100 + number)
        history += given(*history).arrive(execution, completion_id=FIRST, continues=True)
        history += given(*history).take_in(follow_up(execution))
        history.append(ended(follow_up(execution)))
    return history


def test_there_are_only_so_many_follow_ups_in_a_row() -> None:
    most = followed_up(MOST_FOLLOW_UPS)
    assert given(*followed_up(MOST_FOLLOW_UPS - 1)).goes_on
    assert not given(*most).goes_on
    assert arrival(*most) == [arrived()]
    head = given(*most).head
    spoken = [*asked(SECOND, head), ended(answer_to(SECOND))]
    assert given(*most, *spoken).goes_on


def test_a_user_who_steers_a_follow_up_has_spoken() -> None:
    most = followed_up(MOST_FOLLOW_UPS - 1)
    history = [*most, *arrival(*most), queued(SECOND, "steer")]
    history += given(*history).take_in(follow_up())
    assert given(*history, ended(follow_up())).goes_on
