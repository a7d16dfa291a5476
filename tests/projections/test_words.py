"""What is one word, and what is asked for."""

import sys
import unicodedata
from random import Random

import pytest

from projections.words import Fragment, folded, fragments, query_of, words_of


def test_words_are_letters_digits_and_marks_in_one_case() -> None:
    assert folded("Über/src:app.PY <b>1.5</b>") == "über src app py  b 1 5  b "
    assert folded("“Quoted”—हिन्दी’s") == " quoted  हिन्दी s"
    assert folded("İSTANBUL ß") == "İstanbul ß"  # as long as it was


def test_a_folded_text_is_as_long_as_it_was_whatever_stands_in_it() -> None:
    everything = "".join(map(chr, range(0, sys.maxunicode + 1, 7)))
    assert len(folded(everything)) == len(everything)
    assert "\0" not in folded(everything)
    assert not {one for one in folded(everything) if unicodedata.category(one)[0] in "PCS"}


@pytest.mark.parametrize(
    ("question", "query", "words"),
    [
        ("Blue whale", "blue whale", ["blue", "whale"]),
        ('"blue whale" -krill OR sea', '"blue whale" -krill or sea', ["blue", "whale", "sea"]),
        ("state-of-the-art", "state of the art", ["state", "of", "the", "art"]),
        ("src/app.py!", "src app py", ["src", "app", "py"]),
        ("e\N{COMBINING ACUTE ACCENT}", "é", ["é"]),
        ("same Same", "same same", ["same"]),
        ('-"red fish"', '-"red fish"', []),
        ("@019: & | ! <->", "019", ["019"]),
        ('"" - -- !? \0', "", []),
        ("", "", []),
    ],
)
def test_a_question_keeps_words_quotes_and_minus(
    question: str, query: str, words: list[str]
) -> None:
    assert query_of(question) == query
    assert words_of(query) == words


def test_fragments_are_the_whole_text_with_its_matches() -> None:
    assert fragments("The (Blue) whale, blueish.", {"blue", "whale"}) == [
        Fragment("The (", match=False),
        Fragment("Blue", match=True),
        Fragment(") ", match=False),
        Fragment("whale", match=True),
        Fragment(", blueish.", match=False),
    ]
    assert fragments("", {"blue"}) == []
    random = Random(3)
    for _ in range(200):
        text = "".join(random.choices("ab <>&\"'\0\n\N{COMBINING ACUTE ACCENT}é", k=40))
        assert "".join(one.text for one in fragments(text, {"a", "b", "ab"})) == text
