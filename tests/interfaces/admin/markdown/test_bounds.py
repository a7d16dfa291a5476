"""Whatever a model writes, following it takes little work and loses nothing."""

from collections.abc import Iterable
from cProfile import Profile
from types import CodeType

import pytest

from interfaces.admin.markdown import GrowingText, html_of, html_parts, showing
from interfaces.admin.markdown.blocks import BLOCK_AT_MOST, Blocks
from interfaces.admin.markdown.growth import Closed
from interfaces.admin.markdown.rendering import markdown_html
from interfaces.admin.markdown.showing import OPEN_CHARACTERS_AT_MOST
from tests.interfaces.admin.dom import parsed
from tests.interfaces.admin.markdown.texts import PROSE, hostile


def test_hostile_text_is_followed_to_its_end() -> None:
    for name, text in hostile(OPEN_CHARACTERS_AT_MOST + 100).items():
        growing = GrowingText()
        for begins in range(0, len(text), 420):
            growing.add(text[begins : begins + 420])
            growing.changes()
        growing.end()
        parsed(growing.html)
        assert growing.html == html_of(text), name


def parses(parts: Iterable[str]) -> int:
    """How often Markdown was parsed to follow a text in these parts, which does not end."""
    growing = GrowingText()
    profile = Profile()
    for part in parts:
        growing.add(part)
        profile.runcall(growing.changes)
    profile.create_stats()
    return sum(entry.callcount for entry in profile.getstats() if _is_parsing(entry.code))


def _is_parsing(code: CodeType | str) -> bool:
    return isinstance(code, CodeType) and code.co_name == markdown_html.__name__


def test_a_long_line_is_parsed_only_while_it_is_short() -> None:
    assert parses(["word " * 20] * 600) <= 20


def test_code_is_never_parsed() -> None:
    assert parses(["```python\n", *["x = f(1)  # why\n"] * 500]) == 0


def test_what_does_not_change_is_parsed_once() -> None:
    assert parses(["Hello **you** there", *[""] * 100]) == 1


def test_a_finished_block_is_parsed_once_more_and_then_never() -> None:
    assert parses(["Hello", " you", "\n\n", "```\n", *["code\n"] * 100]) <= 4


def test_no_block_is_longer_than_the_parser_may_be_given() -> None:
    for text in hostile(BLOCK_AT_MOST + 100).values():
        blocks = Blocks()
        for block in blocks.add(text) + blocks.end():
            assert len(block.text.rstrip("\n")) <= BLOCK_AT_MOST


@pytest.mark.parametrize("seed", ["[", "![", "a*", "**a", "<http://a>", "`a", "a\n", "|a|\n"])
def test_intricate_text_is_plain_and_not_parsed(seed: str) -> None:
    growing = GrowingText()
    growing.add(seed * (15_000 // len(seed)))
    assert growing.html.startswith('<div class="open"><pre class="plain">')
    growing.end()
    assert growing.html.startswith('<pre class="plain">')


def test_a_closed_block_is_rendered_once_for_all_its_readers() -> None:
    showing.closed_html.cache_clear()
    for _ in range(5):
        html_of(PROSE)
    used = showing.closed_html.cache_info()
    assert used.hits == 4 * used.misses


@pytest.mark.parametrize("text", ["x" * 50_000, "| a | b |\n|---|---|\n" + "| x | y |\n" * 4_000])
def test_what_is_too_long_is_cut_and_loses_nothing(text: str) -> None:
    shown = parsed(html_of(text))
    assert shown.text.replace("\n", "") == text.replace("\n", "")
    assert {child.outer_html[:19] for child in shown.elements()} == {'<pre class="plain">'}


def test_long_code_is_cut_at_lines_and_stays_code() -> None:
    code = "\n".join(f"x = {number}  # why" for number in range(3_000))
    shown = parsed(html_of(f"before\n```python\n{code}\n```\n*after*"))
    blocks = [element.text for element in shown.elements() if element.tag == "pre"]
    assert "\n".join(blocks) == code
    assert shown.text.endswith("after")


def test_others_run_while_a_text_is_cut_of_which_no_block_ends() -> None:
    parts = list(html_parts("```\n" + "\n" * 15_000))
    assert len(parts) > 4
    assert [part[:5] for part in parts if part] == ["<pre "]


def test_deep_nesting_shows_all_of_its_text() -> None:
    deep = "> " * 30 + "bottom"
    assert "bottom" in html_of(deep)
    assert "bottom" in html_of(
        "".join("  " * n + "- a\n" for n in range(30)) + "  " * 30 + "- bottom"
    )


def test_a_long_open_paragraph_is_plain_text_until_it_closes() -> None:
    growing = GrowingText()
    growing.add("*word* " * 300)
    assert '<div class="open"><pre class="plain">*word* *word*' in growing.html
    growing.changes()
    growing.add("\n\nnext")
    first = growing.changes()[0]
    assert isinstance(first, Closed)
    assert first.html.startswith("<p><em>word</em> <em>")
