"""What a reader sees of Markdown."""

# ruff: noqa: E501
import pytest

from interfaces.admin.markdown import html_of
from interfaces.admin.markdown.rendering import markdown_html
from tests.interfaces.admin.dom import parsed
from tests.interfaces.admin.markdown.texts import REALISTIC

TO_ELSEWHERE = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize("text", REALISTIC.values(), ids=REALISTIC)
def test_block_by_block_shows_what_the_whole_would(text: str) -> None:
    assert html_of(text) == markdown_html(text, is_typed=False)


def test_there_is_no_space_between_elements() -> None:
    text = "# a\n\n- b\n  - c\n\n      d\n- e\n\n> f\n> 1. g\n\n|h|\n|-|\n|i|\n\n***\n"
    assert all(part != "\n" for part in html_of(text).replace(">", "<").split("<"))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# A\n## B\n### C\n#### D\n###### E", "<h3>A</h3><h4>B</h4><h5>C</h5><h6>D</h6><h6>E</h6>"),
        ("Title\n===", "<h3>Title</h3>"),
        ("*a* **b** ~~c~~ `d`", "<p><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>"),
        ("a\nb  \nc", "<p>a\nb<br>c</p>"),
        ("7. a\n8. b", '<ol start="7"><li>a</li><li>b</li></ol>'),
        ("- [ ] do\n- [x] done", "<ul><li>[ ] do</li><li>[x] done</li></ul>"),
        ("- a\n\n- b\n", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"),
        ("one:\n- a\n\nnext", "<p>one:</p><ul><li>a</li></ul><p>next</p>"),
        ("1. a\n\n   more\n\n2. b", "<ol><li><p>a</p><p>more</p></li><li><p>b</p></li></ol>"),
        ("> a\n> > b", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>"),
        ("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>"),
        ("|a|b|c|\n|-|:-:|-:|\n|1|2|3|", '<table tabindex="0"><thead><tr><th>a</th><th class="c">b</th><th class="r">c'
         '</th></tr></thead><tbody><tr><td>1</td><td class="c">2</td><td class="r">3</td></tr></tbody></table>'),
        ("    code\n\n    more", '<pre tabindex="0"><code>code\n\nmore</code></pre>'),
        ("text\n```\na < b\n\nc\n```\nmore", '<p>text</p><pre tabindex="0"><code>a &lt; b\n\nc</code></pre><p>more</p>'),
        ("````\n```\n````", '<pre tabindex="0"><code>```</code></pre>'),
        ("~~~ brainfuck x\n+\n", '<pre tabindex="0" data-lang="brainfuck"><code>+</code></pre>'),
        ("  ```\n    a\n  b\n  ```", '<pre tabindex="0"><code>  a\nb</code></pre>'),
        ("```\n```", '<pre tabindex="0"><code></code></pre>'),
        ("```a```", "<p><code>a</code></p>"),
        ("a \x1b[31mred\x1b[0m", "<p>a \ufffd[31mred\ufffd[0m</p>"),
        ("\ud83d", "<p>\ufffd</p>"),
    ],
)  # fmt: skip
def test_markdown_is_shown_as_it_is_meant(text: str, html: str) -> None:
    assert html_of(text) == html


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("[text](https://a.b/c)", "textA.B"),
        ("[https://a.b/c](https://a.b/c)", "https://a.b/c"),
        ("[a.b](https://a.b/)", "a.b"),
        ("<https://a.b/c>", "https://a.b/c"),
        ("[your bank](https://bank.com.evil.org/x)", "your bankBANK.COM.EVIL.ORG"),
        ("[https://bank.com](https://evil.org)", "https://bank.comEVIL.ORG"),
        ("[port](http://a.b:8080?x#y)", "portA.B:8080"),
        ("[pаypal](https://pаypal.com)", "pаypalXN--PYPAL-4VE.COM"),
        ("[mail](mailto:a@b.c?subject=x)", "mailA@B.C"),
        ("![a cat](https://a.b/cat.png)", "a catA.B"),
        ("[![a cat](https://a.b/cat.png)](https://c.d)", "a catC.D"),
        ("![](https://a.b)", "imageA.B"),
    ],
)
def test_a_link_says_where_it_leads(text: str, shown: str) -> None:
    elements = parsed(html_of(text)).elements()
    hosts = [element.text for element in elements if element.attributes.get("class") == "host"]
    link = next(element for element in elements if element.tag == "a")
    assert link.text + "".join(hosts).upper() == shown
    assert TO_ELSEWHERE in link.outer_html


@pytest.mark.parametrize(
    "text",
    [
        "[a](/threads)", "[a](//evil.org)", "[a](#x)", "[a](?delete)", "[a](https://bank.com@evil.org)",
        "[a](https://user:pass@evil.org)", "[a](https:evil.org)", "[a](https:///evil.org)", "[a](ftp://a.b)",
        "[a](https://a.b\\@evil.org)", "[a](https://[::1]/)", "[a](https://)", "<ftp://a.b>", "[a]: https://a.b\n\n[a]",
        f"[a](https://a.b/{'x' * 3_000})",
    ],
)  # fmt: skip
def test_what_is_no_plain_address_elsewhere_is_no_link(text: str) -> None:
    assert not [element for element in parsed(html_of(text)).elements() if element.tag == "a"]


def test_a_list_goes_on_as_a_new_one_when_it_is_long() -> None:
    html = html_of("\n".join(f"{number}. {'word ' * 10}" for number in range(1, 41)))
    assert html.count("<li>") == 40
    assert [part.split(">")[0] for part in html.split("<ol")[1:]] == [
        "",
        ' start="20"',
        ' start="39"',
    ]
