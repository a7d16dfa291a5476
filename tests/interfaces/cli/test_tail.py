"""One line for each event, and nothing in it that a terminal would obey."""

from typing import Any

import pytest

from interfaces.cli.client import StreamEvent
from interfaces.cli.printable import one_line, printable
from interfaces.cli.tail import told

THREAD = "01a20321-0180-7a61-ab32-59d4bde14f69"


def event(name: str, **data: Any) -> StreamEvent:
    at = "2026-11-22T07:00:00.123Z"
    return StreamEvent({"position": 42, "thread_id": THREAD, "name": name, "at": at, "data": data})


@pytest.mark.parametrize(
    ("name", "data", "gist"),
    [
        ("thread.message_added", {"parts": [{"content": "Hello\nyou"}]}, "Hello␊you"),
        ("completion.chunk", {"kind": "text", "text": "\x1b[31mred"}, "text: ␛[31mred"),
        ("completion.started", {"attempt": 2}, "attempt 2"),
        ("completion.finished", {"answer": {"characters": 7}}, "7 characters"),
        ("completion.failed", {"type": "timeout", "message": "Late."}, "timeout: Late."),
        ("completion.cancelled", {"reason": None}, ""),
        ("completion.tool_called", {"tool": "s", "arguments": {"q": "\x9b"}}, 's {"q":"\\u009b"}'),
        ("completion.input_taken", {"message_ids": []}, ""),
    ],
)
def test_a_line_has_position_time_thread_name_and_gist(
    name: str, data: dict[str, Any], gist: str
) -> None:
    line = told(event(name, **data))
    assert line.split() == ["42", "2026-11-22T07:00:00.123Z", "bde14f69", name, *gist.split()]


def test_a_long_gist_is_cut() -> None:
    line = told(event("thread.renamed", title="x" * 10_000))
    assert line.endswith("x…")
    assert len(line) < 200


def test_the_name_of_an_event_moves_no_cursor_either() -> None:
    assert "\x1b" not in told(event("shop.ordered\x1b[31m"))


def test_one_character_stays_one_and_no_control_is_left() -> None:
    everything = "".join(map(chr, range(0x2100)))
    shown = printable(everything)
    assert len(shown) == len(everything)
    assert [c for c in shown if ord(c) < 32 or 0x7F <= ord(c) < 0xA0] == ["\t", "\n"]
    assert not set(shown) & set("\u200e\u200f\u202a\u202e\u061c")
    assert one_line("a\nb", characters=2) == "a␊…"


def test_what_hides_text_or_ends_a_line_in_other_ways_is_shown() -> None:
    assert (
        printable("a\u2028\u2029\u200b\ufeff\U000e0041z\xe9\u4e2d")
        == "a" + "\ufffd" * 5 + "z\xe9\u4e2d"
    )
