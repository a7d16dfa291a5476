"""Events in words."""

import json
from pathlib import Path

import pytest

from interfaces.admin.inside.words import MOST_CHARACTERS, words_of

STORED = Path(__file__).parents[3] / "infrastructure/event_log/examples"


@pytest.mark.parametrize("file", sorted(STORED.iterdir()), ids=lambda file: file.stem)
def test_every_event_ever_stored_has_words(file: Path) -> None:
    name = file.stem.partition("@")[0]
    words = words_of(name, json.loads(file.read_text())["data"])
    assert words
    assert "\n" not in words
    assert len(words) <= MOST_CHARACTERS


def test_what_cannot_be_read_has_none() -> None:
    assert words_of("invoice.sent", {"amount": 3}) == ""
    assert words_of("thread.renamed", {"title_of_another_version": "x"}) == ""
    assert words_of("completion.chunk", {"kind": "song", "text": "la"}) == ""


def test_they_say_what_happened() -> None:
    assert words_of("thread.renamed", {"title": " A \n title "}) == "Renamed to “A title”"
    assert (
        words_of("completion.waiting", {"tool_call_ids": ["a", "b"]})
        == "Waits for a person to approve 2 tool calls"
    )
    assert words_of("tool.progressed", {"fraction": 0.4, "message": None}) == "40% done"
