"""The small parts that every page is made of, and what no page may have."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from interfaces.admin.pages import environment

ADMIN = Path(__file__).parents[3] / "interfaces" / "admin"
TEMPLATES = sorted((ADMIN / "templates").rglob("*.html"))
STYLES = sorted((ADMIN / "static").glob("*.css"))
REFUSED_BY_BROWSERS = re.compile(
    r"""<[^>]*\s(style|on\w+|hx-on[:\w-]*)\s*=  # an attribute that is code or style
    |<style|<script(?![^>]*\ssrc=)             # the same as elements
    |js:|javascript:|(src|href|action)="(https?:)?//""",
    re.VERBOSE | re.IGNORECASE,
)


def made(source: str, **given: object) -> str:
    """What a template makes that uses the parts."""
    template = environment().from_string('{% import "parts.html" as parts %}' + source)
    return " ".join(template.render(given).split())


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates_have_nothing_that_the_policy_of_content_forbids(template: Path) -> None:
    html = re.sub(r"\{%.*?%\}|\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)
    assert not REFUSED_BY_BROWSERS.search(html)


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.stem)
def test_styles_load_nothing(style: Path) -> None:
    assert "url(" not in style.read_text()
    assert "@import" not in style.read_text()


def test_a_state_is_a_word_and_not_only_a_colour() -> None:
    assert ">Timed out<" in made('{{ parts.badge("timed_out") }}')
    assert ">Waiting for you<" in made('{{ parts.badge("waiting", "Waiting for you") }}')


def test_what_is_shown_is_never_markup() -> None:
    hostile = '"><script>alert(1)</script>'
    html = made(
        "{{ parts.notice('error', x) }}{{ parts.empty(x, x, x, x) }}{{ parts.badge(x) }}"
        "{{ parts.field(x, x, x, hint=x, error=x) }}{{ parts.field('a', x, x, options=[x]) }}"
        "{{ parts.field('b', x, x, type='textarea', placeholder=x) }}{{ parts.pager(x) }}"
        "{{ parts.short(x) }}",
        x=hostile,
    )
    assert "<script" not in html
    assert hostile not in html


def test_a_field_tells_what_is_wrong_with_it() -> None:
    html = made("{{ parts.field('url', 'Address', 'x', hint='HTTPS only.', error='Not https.') }}")
    assert '<label for="field-url">' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="field-url-error field-url-hint"' in html
    assert '<p class="error" id="field-url-error">Not https.</p>' in html


def test_a_text_keeps_the_line_break_that_it_begins_with() -> None:
    template = environment().from_string(
        "{% import 'parts.html' as parts %}{{ parts.field('t', 'Text', '\n x', type='textarea') }}"
    )
    assert ">\n\n x</textarea>" in template.render()


def test_a_choice_shows_what_was_chosen() -> None:
    options = [(1, "One"), (2, "Two")]
    html = made("{{ parts.field('n', 'Number', 2, options=options) }}", options=options)
    assert '<option value="1">One' in html
    assert '<option value="2" selected>Two' in html


def test_a_moment_can_be_read_by_people_and_programs() -> None:
    at = datetime(2026, 11, 23, 1, 12, 9, 42_000, tzinfo=UTC)
    html = made("{{ parts.when(at) }}", at=at)
    assert 'datetime="2026-11-23T01:12:09.042000Z"' in html
    assert ">23 Nov 2026, 01:12:09 UTC<" in html
    assert "–" in made("{{ parts.when(none) }}")


def test_there_is_a_way_on_only_where_there_is_more() -> None:
    assert made("{{ parts.pager(none) }}") == ""
    assert 'rel="next" href="?after=7"' in made("{{ parts.pager('?after=7') }}")
