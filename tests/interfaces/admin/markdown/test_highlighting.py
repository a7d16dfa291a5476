"""Code in colours."""

# ruff: noqa: E501
import pytest

from interfaces.admin.markdown import html_of
from interfaces.admin.markdown.highlighting import highlighted
from interfaces.admin.markdown.languages import language_named
from tests.interfaces.admin.dom import parsed
from tests.interfaces.admin.markdown.texts import CODE, hostile

NAMES = (
    *("c", "js", "go", "python", "bash", "sql", "lua"),
    *("yaml", "json", "html", "css", "dockerfile", "diff"),
)


@pytest.mark.parametrize(
    ("language", "code", "marked"),
    [
        ("python", '@cache\ndef f(x): # "why"', "<em>@cache</em>\n<b>def</b> f(x): <i># \"why\"</i>"),
        ("python", '"""a\n"b" # c\n"""', '<u>"""a\n"b" # c\n"""</u>'),
        ("PY", "'it\\'s' or \"a", "<u>'it\\'s'</u> <b>or</b> <u>\"a</u>"),
        ("ts", "const a = `x\n${y}`; // z", "<b>const</b> a = <u>`x\n${y}`</u>; <i>// z</i>"),
        ("rust", "fn f<'a>(x: &'a str) -> 'c'", "<b>fn</b> f&lt;'a&gt;(x: &amp;'a str) -&gt; <u>'c'</u>"),
        ("bash", "echo $# # x", "<b>echo</b> $# <i># x</i>"),
        ("sql", "SELECT 1 -- x", "<b>SELECT</b> 1 <i>-- x</i>"),
        ("json", '{"a": true}', '{<u>"a"</u>: <b>true</b>}'),
        ("yaml", "- a: 1 # b\n  c.d: true", "<em>- a</em>: 1 <i># b</i>\n<em>  c.d</em>: <b>true</b>"),
        ("html", '<!-- a --><b class="c">d</b>', "<i>&lt;!-- a --&gt;</i><b>&lt;b</b> class=<u>\"c\"</u>&gt;d<b>&lt;/b</b>&gt;"),
        ("diff", "@@ 1 @@\n a\n-b\n+c", "<i>@@ 1 @@\n</i> a\n<del>-b\n</del><ins>+c</ins>"),
    ],
)  # fmt: skip
def test_code_is_marked(language: str, code: str, marked: str) -> None:
    assert highlighted(code, language=language) == marked


def test_marks_change_nothing_of_the_code() -> None:
    for name in NAMES:
        assert parsed(highlighted(CODE, language=name) or "").text == CODE, name


def test_a_language_that_nobody_knows_stays_plain() -> None:
    assert language_named("brainfuck") is None
    assert (
        html_of("```brainfuck\n+\n```")
        == '<pre tabindex="0" data-lang="brainfuck"><code>+</code></pre>'
    )


def test_the_name_of_a_language_cannot_be_markup() -> None:
    assert html_of('```"><img/src=x>\n+\n```') == '<pre tabindex="0"><code>+</code></pre>'


def test_what_would_be_all_marks_stays_plain() -> None:
    code = "if " * 200
    assert highlighted(code, language="python") is None


def test_any_text_is_code_in_any_language() -> None:
    for name in NAMES:
        for code in hostile(600).values():
            marked = highlighted(code.replace("\ud800", ""), language=name)
            assert marked is None or len(marked) <= 600 * 8
