"""JSON as people read it: whole where it is short, and never more work than it is shown."""

import json
import time

from pydantic import JsonValue

from interfaces.admin.conversation.shortened import SHOWN_CHARACTERS, shortened
from interfaces.admin.indented import indented
from interfaces.admin.inside.event_rows import PAGE_BYTES, Paper

DEEP = b"[" * 60 + b"1," * 30_000 + b"1" + b"]" * 60  # indented 3.8 MB


def test_what_is_short_is_whole() -> None:
    value: JsonValue = {"a": ["ü", 1, None, {}], "b": {"c": True}}
    found = indented(value, most=1000)
    assert json.loads(found.text) == value
    assert not found.is_cut
    assert not indented("12345", most=7).is_cut
    assert indented("12345", most=6).is_cut


def test_a_page_of_brackets_within_brackets_is_as_quick_as_any() -> None:
    begun = time.process_time()
    paper = Paper()
    rows = [paper.raw(DEEP) for _ in range(100)]
    told = shortened(DEEP.decode())
    assert time.process_time() - begun < 2  # whole they take some 30 s
    assert all(row.is_cut and row.size == len(DEEP) for row in rows)
    assert sum(len(row.text) for row in rows) <= PAGE_BYTES
    assert (len(told.text), told.is_cut) == (SHOWN_CHARACTERS, True)
