"""A client's cursor moves with what it sees, and over what it does not see."""

from uuid import uuid4

from infrastructure.relay.events import ThreadStreamEvent
from infrastructure.relay.visible import VisibleEvents

THREAD = uuid4()


def event(position: int, name: str = "completion.chunk", *, sse: bytes = b"x") -> ThreadStreamEvent:
    return ThreadStreamEvent(THREAD, position - 1, position, name, sse)


def test_without_names_everything_public_is_seen() -> None:
    visible = VisibleEvents(None)
    assert visible.blocks([event(1, sse=b"a"), event(2, sse=b""), event(3, sse=b"c")]) == b"ac"
    assert visible.cursor() == b""


def test_with_names_only_those_are_seen() -> None:
    visible = VisibleEvents({"completion.finished"})
    assert visible.blocks([event(1), event(2, "completion.finished", sse=b"end")]) == b"end"


def test_the_cursor_says_once_how_far_the_unseen_went() -> None:
    visible = VisibleEvents({"completion.finished"})
    assert visible.blocks([event(4), event(5)]) == b""
    assert visible.cursor() == b"id: 5\n\n"
    assert visible.cursor() == b""


def test_after_500_unseen_events_the_cursor_moves_by_itself() -> None:
    visible = VisibleEvents(set())
    assert visible.blocks([event(n) for n in range(1, 500)]) == b""
    assert visible.blocks([event(n) for n in range(500, 1300)]) == b"id: 500\n\nid: 1000\n\n"
