"""A text that is typed piece by piece shows what the same text shows at once."""

import random

import pytest

from interfaces.admin.markdown import Change, Closed, GrowingText, More, Open, html_of
from tests.interfaces.admin.dom import parsed
from tests.interfaces.admin.markdown.page import Page
from tests.interfaces.admin.markdown.texts import PROSE, REALISTIC, pieces, scramble


def typed(*parts: str) -> GrowingText:
    growing = GrowingText()
    for part in parts:
        growing.add(part)
    return growing


def follow(text: str, *, step: int) -> tuple[Page, list[Change]]:
    """A page that followed the whole text in pieces of `step` characters, and what it was sent."""
    growing, page, sent = GrowingText(), Page(), list[Change]()
    for begins in range(0, len(text), step):
        growing.add(text[begins : begins + step])
        changes = growing.changes()
        page.follow(changes)
        assert page.html == parsed(growing.html).inner_html
        sent += changes
    growing.end()
    page.follow(last := growing.changes())
    return page, sent + last


def test_any_pieces_of_any_text_end_in_the_same_page() -> None:
    for seed in range(120):
        chance = random.Random(seed)
        text = scramble(chance)
        growing, page, so_far = GrowingText(), Page(), ""
        for piece in pieces(text, chance=chance, longest=12):
            so_far += piece
            growing.add(piece)
            page.follow(growing.changes(chance.choice([None, 10, 1_000])))
            if chance.random() < 0.2:
                page.follow(growing.changes())
                assert page.html == parsed(growing.html).inner_html, (seed, so_far)
                assert growing.html == typed(so_far).html, (seed, so_far)
        growing.end()
        page.follow(growing.changes())
        assert growing.html == html_of(text), (seed, text)
        assert page.closed.inner_html == parsed(html_of(text)).inner_html, (seed, text)


@pytest.mark.parametrize("text", REALISTIC.values(), ids=REALISTIC)
@pytest.mark.parametrize("step", [11, 400])
def test_a_page_that_follows_shows_exactly_the_text_so_far(text: str, step: int) -> None:
    page, _ = follow(text, step=step)
    assert page.closed.inner_html == parsed(html_of(text)).inner_html
    assert page.open.inner_html == ""


@pytest.mark.parametrize(("name", "times"), [("prose", 1.5), ("code", 2.6), ("tables", 2.5)])
def test_following_costs_little_more_than_the_text(name: str, times: float) -> None:
    text = REALISTIC[name]
    _, sent = follow(text, step=25)
    bytes_sent = sum(
        len(change.html.encode())
        for change in sent
        if not (isinstance(change, Closed) and change.is_shown)
    )
    assert bytes_sent <= times * len(text.encode())


def test_words_at_the_end_of_a_paragraph_are_all_that_is_sent() -> None:
    growing = typed("Hello")
    assert growing.changes() == [More(0, "<p>Hello</p>")]
    growing.add(" **big")
    assert growing.changes() == [More(0, " <strong>big</strong>")]
    growing.add("ger** world")
    assert growing.changes() == [More(0, "ger"), More(1, " world")]
    growing.add("")
    assert growing.changes() == []


def test_a_block_that_the_page_has_is_closed_without_sending_it_again() -> None:
    growing = typed("Some words.")
    growing.changes()
    growing.add("\n\nNext")
    assert growing.changes() == [
        Closed("<p>Some words.</p>", is_shown=True),
        More(0, "<p>Next</p>"),
    ]


def test_what_turns_out_to_be_something_else_replaces_the_open_block() -> None:
    growing = typed("Hello\nyou\n")
    growing.changes()
    growing.add("---\n")
    assert growing.changes() == [Open("<h4>Hello\nyou</h4>")]


def test_a_replacement_beyond_the_budget_waits_but_what_grows_does_not() -> None:
    growing, page = typed("Hello\nyou\n"), Page()
    page.follow(growing.changes(budget=0))
    assert page.open.inner_html == "<p>Hello\nyou</p>"
    growing.add("---\n")
    assert growing.changes(budget=10) == []
    page.follow(growing.changes(budget=100))
    assert page.html == parsed(growing.html).inner_html


def test_a_replacement_that_waited_is_not_sent_when_its_block_closes() -> None:
    growing, page = typed("Hello\n"), Page()
    page.follow(growing.changes())
    growing.add("---\n")
    assert growing.changes(budget=0) == []
    growing.add("\nNext")
    page.follow(changes := growing.changes(budget=0))
    assert changes == [Closed("<h4>Hello</h4>"), More(0, "<p>Next</p>")]
    assert page.html == parsed(growing.html).inner_html


def test_a_page_that_was_rendered_whole_goes_on_from_there() -> None:
    growing, page = typed(PROSE[:700]), Page()
    rendered = growing.html
    growing.shown()
    assert growing.changes() == []
    page.open.children = parsed(rendered).children.pop().children  # type: ignore[union-attr]
    growing.add(PROSE[700:730])
    page.follow(growing.changes())
    assert f"{page.html}" == parsed(growing.html).inner_html[-len(page.html) :]


def test_a_text_ends_once_and_its_last_block_is_closed() -> None:
    growing = typed("**never closed")
    growing.end()
    growing.end()
    assert growing.changes() == [Closed("<p>**never closed</p>")]
    assert growing.changes() == []
    assert growing.html == "<p>**never closed</p>" == html_of("**never closed")


def test_an_empty_text_is_nothing() -> None:
    assert html_of("") == html_of("\n \r\n\t\n") == ""
    assert GrowingText().html == '<div class="open"></div>'
    assert GrowingText().changes() == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see [the", "<p>see</p>"),
        ("see [the](https://a.b/c", "<p>see</p>"),
        ("see <https://a.", "<p>see</p>"),
        ("a `cod", "<p>a <code>cod</code></p>"),
        ("a ~~b *c", "<p>a <s>b <em>c</em></s></p>"),
        ("R&am", "<p>R</p>"),
        ("2 * 3 and snake_case_", "<p>2 * 3 and snake_case</p>"),
        ("text\n-", "<p>text</p>"),
        ("text\n#", "<p>text</p>"),
        ("- one\n  - ", "<ul><li>one</li></ul>"),
        ("- one\n  - **", "<ul><li>one</li></ul>"),
        ("| a | b |", ""),
        ("| a | b |\n|---|--", ""),
        ("| a |\n|---|\n| 1 |\n| 2", '<table tabindex="0"><thead><tr><th>a</th></tr></thead>'
         "<tbody><tr><td>1</td></tr></tbody></table>"),
        ("```py", ""),
        ("```py\nx = 1\n``", '<pre tabindex="0" data-lang="py"><code>x = 1</code></pre>'),
        ("- a\n  ```\n  f(**x", '<ul><li>a<pre tabindex="0"><code>f(**x</code></pre></li></ul>'),
    ],
)  # fmt: skip
def test_half_a_construct_is_held_back_or_closed(text: str, shown: str) -> None:
    growing = typed(text)
    growing.changes()
    assert growing.html.endswith(f'<div class="open">{shown}</div>')
