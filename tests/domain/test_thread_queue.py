"""Messages to a busy thread: who waits where, and who is taken in."""

from uuid import UUID

import pytest

from domain.thread_events import (
    MessageDelivered,
    QueueMode,
    ThreadCompletionRequested,
)
from tests.domain.threads import (
    FIRST,
    FOURTH,
    HELLO,
    SECOND,
    STARTED,
    THIRD,
    answer_to,
    asked,
    ended,
    given,
    queued,
)


@pytest.mark.parametrize("mode", ["enqueue", "steer", "interrupt"])
def test_a_message_that_waits_says_how(mode: QueueMode) -> None:
    busy = given(STARTED, *asked(FIRST))
    assert busy.post(SECOND, parts=HELLO, when_busy=mode) == [queued(SECOND, mode)]
    assert given(STARTED).post(SECOND, parts=HELLO, when_busy=mode) == asked(SECOND)


def test_who_interrupts_is_answered_before_who_waits_in_the_order_of_their_coming() -> None:
    waiting = [
        queued(SECOND),
        queued(THIRD, "interrupt"),
        queued(UUID(int=15), "steer"),
        queued(FOURTH, "interrupt"),
    ]
    queue = given(STARTED, *asked(FIRST), *waiting).queue
    assert [one.message_id for one in queue] == [THIRD, FOURTH, SECOND, UUID(int=15)]


def test_a_running_answer_takes_steering_messages_in_below_what_it_answers() -> None:
    history = [
        STARTED,
        *asked(FIRST),
        queued(SECOND, "steer"),
        queued(THIRD),
        queued(FOURTH, "steer"),
    ]
    answer = answer_to(FIRST)
    taken = given(*history).take_in(answer)
    assert taken == [MessageDelivered(SECOND, FIRST), MessageDelivered(FOURTH, SECOND)]
    steered = given(*history, *taken)
    assert steered.take_in(answer) == []
    assert [one.message_id for one in steered.queue] == [THIRD]
    after = given(*history, *taken, ended(answer))
    assert after.path_to(answer) == [FIRST, SECOND, FOURTH, answer]


def test_what_is_taken_in_later_stands_below_what_was_taken_in_before() -> None:
    history = [STARTED, *asked(FIRST), queued(SECOND, "steer")]
    history += given(*history).take_in(answer_to(FIRST))
    history.append(queued(THIRD, "steer"))
    assert given(*history).take_in(answer_to(FIRST)) == [MessageDelivered(THIRD, SECOND)]


def test_a_steering_message_that_names_its_place_waits_for_its_turn() -> None:
    history = [STARTED, *asked(FIRST), queued(SECOND, "steer", parent_id=FIRST)]
    answer = answer_to(FIRST)
    assert given(*history).take_in(answer) == []
    assert given(*history).end_turn(answer, outcome="finished", answered=True)[1:] == [
        MessageDelivered(SECOND, FIRST),
        ThreadCompletionRequested(answer_to(SECOND), SECOND),
    ]


def test_a_steering_message_that_came_too_late_is_the_next_turn() -> None:
    thread = given(STARTED, *asked(FIRST), queued(SECOND, "steer"))
    answer = answer_to(FIRST)
    assert thread.end_turn(answer, outcome="finished", answered=True)[1:] == [
        MessageDelivered(SECOND, answer),
        ThreadCompletionRequested(answer_to(SECOND), SECOND),
    ]


def test_only_the_answer_whose_turn_it_is_takes_something_in() -> None:
    history = [STARTED, *asked(FIRST), queued(SECOND, "steer")]
    assert given(*history).take_in(answer_to(SECOND)) == []
    assert given(*history[:-1], ended(answer_to(FIRST))).take_in(answer_to(FIRST)) == []
