"""A thread's latest events: whatever order they arrive in, they are handed on without a gap."""

import random
from uuid import uuid4

from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.window import WINDOW_BYTES, Window

THREAD = uuid4()


def chain(*positions: int, start: int = 0, size: int = 1) -> list[ThreadStreamEvent]:
    """Events that follow each other, the first one after `start`."""
    before = (start, *positions)
    return [
        ThreadStreamEvent(THREAD, previous, position, "thread.renamed", b"x" * size)
        for previous, position in zip(before, positions, strict=False)
    ]


def opened(tail: int = 0) -> Window:
    window = Window()
    window.open(tail)
    return window


def test_what_follows_is_there_for_everyone_after_the_start() -> None:
    window = opened(10)
    assert window.add(chain(13, 17, start=10))
    assert window.after(10) == chain(13, 17, start=10)
    assert window.after(13) == chain(17, start=13)
    assert window.after(17) == []
    assert window.after(99) == []
    assert window.after(9) is None


def test_every_order_of_arrival_gives_the_same_order_of_events() -> None:
    events = chain(*range(1, 60))
    for seed in range(50):
        arrivals = [*events, *events[::3]]
        random.Random(seed).shuffle(arrivals)
        window = opened()
        for event in arrivals:
            window.add([event])
        assert window.after(0) == events
        assert not window.is_behind


def test_an_event_whose_predecessor_is_missing_is_not_handed_on() -> None:
    window = opened()
    assert not window.add(chain(5, start=3))
    assert window.after(0) == []
    assert window.is_behind
    assert window.add(chain(3))
    assert window.after(0) == chain(3, 5)
    assert not window.is_behind


def test_events_before_the_opening_wait_for_it() -> None:
    window = Window()
    window.add(chain(4, 6, start=2))
    assert window.after(2) is None
    window.open(4)
    assert window.after(4) == chain(6, start=4)
    assert not window.is_behind


def test_an_opening_before_what_was_heard_leaves_it_behind() -> None:
    window = Window()
    window.add(chain(6, start=4))
    window.open(2)
    assert window.is_behind
    window.add(chain(4, start=2))
    assert window.after(2) == chain(4, 6, start=2)


def test_it_keeps_256_kib_and_whatever_came_last() -> None:
    window = opened()
    for position in range(1, 101):
        window.add(chain(position, start=position - 1, size=10_000))
    assert window.after(50) is None
    kept = window.after(window.start)
    assert kept is not None
    assert 200_000 < sum(len(event.sse) for event in kept) < WINDOW_BYTES + 10_200
    window.add(chain(*range(101, 201), start=100, size=10_000))
    assert window.after(100) == chain(*range(101, 201), start=100, size=10_000)


def test_what_everyone_has_is_forgotten() -> None:
    window = opened()
    window.add(chain(1, 2, 3))
    window.forget(2)
    assert window.after(1) is None
    assert window.after(2) == chain(3, start=2)
    window.forget(99)
    assert window.after(2) is None
    assert window.after(3) == []


def test_a_flood_of_early_events_is_bounded_and_the_log_is_asked_instead() -> None:
    window = opened()
    flood = chain(*range(2, 1002), start=1, size=10_000)
    for event in flood:
        window.add([event])
    window.add(chain(1))
    assert window.last < 1001
    assert window.is_behind
    window.add(flood)
    assert window.last == 1001


def test_a_position_that_the_log_does_not_have_is_given_up() -> None:
    window = opened(4)
    window.hear(10**9)
    assert window.is_behind
    window.give_up(10**9)
    assert not window.is_behind
    window.hear(7)
    window.give_up(6)
    assert window.is_behind
