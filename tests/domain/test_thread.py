"""A thread: given events, when a command, then events."""

import pytest

from domain.refusals import (
    BodyDiffers,
    IdIsTaken,
    MessageAlreadyDelivered,
    MessageNotFound,
    ParentNotFound,
    ThreadIsArchived,
    ThreadIsBusy,
)
from domain.thread_events import (
    HeadMoved,
    MessageDelivered,
    MessageWithdrawn,
    ThreadArchived,
    ThreadCompletionRequested,
    ThreadEvent,
    ThreadRenamed,
    TurnEnded,
)
from tests.domain.threads import (
    FIRST,
    HELLO,
    SECOND,
    STARTED,
    THIRD,
    answer_to,
    asked,
    given,
    queued,
)


def test_a_message_to_an_idle_thread_gets_the_turn() -> None:
    assert given(STARTED).post(FIRST, parts=HELLO) == asked(FIRST)


def test_a_message_to_a_busy_thread_waits() -> None:
    assert given(STARTED, *asked(FIRST)).post(SECOND, parts=HELLO) == [queued(SECOND)]


def test_a_message_that_may_not_wait_is_refused_by_a_busy_thread() -> None:
    with pytest.raises(ThreadIsBusy):
        given(STARTED, *asked(FIRST)).post(SECOND, parts=HELLO, when_busy=None)


def test_the_same_message_again_changes_nothing() -> None:
    assert given(STARTED, *asked(FIRST)).post(FIRST, parts=HELLO) == []
    assert given(STARTED, *asked(FIRST), queued(SECOND)).post(SECOND, parts=HELLO) == []


def test_the_same_id_with_another_body_is_refused() -> None:
    with pytest.raises(BodyDiffers):
        given(STARTED, *asked(FIRST)).post(FIRST, parts=HELLO, request_hash="other")


def test_an_answers_id_is_no_id_for_a_message() -> None:
    over = TurnEnded(answer_to(FIRST), "finished", answered=True, head=answer_to(FIRST))
    with pytest.raises(IdIsTaken):
        given(STARTED, *asked(FIRST), over).post(answer_to(FIRST), parts=HELLO)


@pytest.mark.parametrize("waiting", [False, True])
def test_the_id_of_an_answer_to_come_is_no_id_for_a_message(waiting: bool) -> None:
    history: list[ThreadEvent] = [STARTED, *asked(FIRST)]
    if waiting:
        history.append(queued(SECOND))
    with pytest.raises(IdIsTaken):
        given(*history).post(answer_to(SECOND if waiting else FIRST), parts=HELLO)


def test_a_message_whose_answer_would_have_a_messages_id_is_refused() -> None:
    with pytest.raises(IdIsTaken):
        given(STARTED, *asked(answer_to(FIRST))).post(FIRST, parts=HELLO)


def test_the_next_message_goes_below_the_answer() -> None:
    over = TurnEnded(answer_to(FIRST), "finished", answered=True, head=answer_to(FIRST))
    thread = given(STARTED, *asked(FIRST), over)
    assert thread.post(SECOND, parts=HELLO) == asked(SECOND, answer_to(FIRST))


def test_without_an_answer_the_next_message_goes_below_the_question() -> None:
    thread = given(STARTED, *asked(FIRST))
    [over] = thread.end_turn(answer_to(FIRST), outcome="failed", answered=False)
    assert given(STARTED, *asked(FIRST), over).post(SECOND, parts=HELLO) == asked(SECOND, FIRST)


def test_an_edited_message_becomes_a_sibling_and_the_head_of_its_own_branch() -> None:
    over = TurnEnded(answer_to(FIRST), "finished", answered=True, head=answer_to(FIRST))
    second = asked(SECOND, answer_to(FIRST))
    again = TurnEnded(answer_to(SECOND), "finished", answered=True, head=answer_to(SECOND))
    history = [STARTED, *asked(FIRST), over, *second, again]
    edited = given(*history).post(THIRD, parts=HELLO, parent_id=answer_to(FIRST))
    assert edited == asked(THIRD, answer_to(FIRST))
    assert given(*history, *edited).path_to(THIRD) == [FIRST, answer_to(FIRST), THIRD]


def test_an_unknown_parent_is_refused() -> None:
    with pytest.raises(ParentNotFound):
        given(STARTED).post(FIRST, parts=HELLO, parent_id=SECOND)


def test_the_end_of_a_turn_gives_it_to_the_message_that_waits_longest() -> None:
    thread = given(STARTED, *asked(FIRST), queued(SECOND), queued(THIRD))
    answer = answer_to(FIRST)
    assert thread.end_turn(answer, outcome="finished", answered=True) == [
        TurnEnded(answer, "finished", answered=True, head=answer),
        MessageDelivered(SECOND, answer),
        ThreadCompletionRequested(answer_to(SECOND), SECOND),
    ]


def test_the_end_of_a_turn_leaves_a_head_alone_that_somebody_moved() -> None:
    answer = answer_to(FIRST)
    over = TurnEnded(answer, "finished", answered=True, head=answer)
    before = [STARTED, *asked(FIRST), over, *asked(SECOND, answer), HeadMoved(FIRST)]
    [second] = given(*before).end_turn(answer_to(SECOND), outcome="finished", answered=True)
    assert second == TurnEnded(answer_to(SECOND), "finished", answered=True, head=FIRST)
    assert given(*before, second).path_to(answer_to(SECOND))[-2:] == [SECOND, answer_to(SECOND)]


def test_a_waiting_message_whose_reserved_id_was_taken_is_withdrawn() -> None:
    thread = given(STARTED, *asked(FIRST), queued(SECOND), queued(THIRD))
    answer, taken = answer_to(FIRST), frozenset([answer_to(SECOND)])
    assert thread.end_turn(answer, outcome="finished", answered=True, taken=taken) == [
        TurnEnded(answer, "finished", answered=True, head=answer),
        MessageWithdrawn(SECOND),
        MessageDelivered(THIRD, answer),
        ThreadCompletionRequested(answer_to(THIRD), THIRD),
    ]


def test_a_waiting_message_can_be_withdrawn_once_or_twice() -> None:
    history = [STARTED, *asked(FIRST), queued(SECOND)]
    assert given(*history).withdraw(SECOND) == [MessageWithdrawn(SECOND)]
    assert given(*history, MessageWithdrawn(SECOND)).withdraw(SECOND) == []


def test_a_delivered_message_cannot_be_withdrawn() -> None:
    with pytest.raises(MessageAlreadyDelivered):
        given(STARTED, *asked(FIRST)).withdraw(FIRST)


def test_an_unknown_message_cannot_be_withdrawn() -> None:
    with pytest.raises(MessageNotFound):
        given(STARTED).withdraw(FIRST)


def test_a_withdrawn_message_never_gets_a_turn() -> None:
    thread = given(STARTED, *asked(FIRST), queued(SECOND), MessageWithdrawn(SECOND))
    [over] = thread.end_turn(answer_to(FIRST), outcome="finished", answered=True)
    assert isinstance(over, TurnEnded)


def test_archiving_withdraws_what_waits_and_closes_the_door() -> None:
    history = [STARTED, *asked(FIRST), queued(SECOND)]
    archived = given(*history).archive()
    assert archived == [MessageWithdrawn(SECOND), ThreadArchived()]
    thread = given(*history, *archived)
    assert thread.archive() == []
    with pytest.raises(ThreadIsArchived):
        thread.post(THIRD, parts=HELLO)


def test_the_same_title_again_changes_nothing() -> None:
    assert given(STARTED).rename("Trip") == [ThreadRenamed("Trip")]
    assert given(STARTED, ThreadRenamed("Trip")).rename("Trip") == []
