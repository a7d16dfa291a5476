"""From Markdown to HTML of our own making: few tags, no space between them, nothing to fetch.

The Markdown is CommonMark with tables and strikethrough, without HTML, images and reference links.
An image becomes its description with its address as a link. Headings are lowered by two levels,
below those of the page.
"""

from collections.abc import Sequence
from functools import cache
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

from interfaces.admin.markdown.highlighting import highlighted
from interfaces.admin.markdown.lines import fence
from interfaces.admin.markdown.links import destination, link
from interfaces.admin.markdown.sanitising import clean

NESTING_AT_MOST = (
    20  # levels; below them the parser leaves text out, so that we show all of it plain
)

_SCROLLS = ' tabindex="0"'  # what is wider than the page must be within a keyboard's reach
_ALIGNMENT = {"text-align:center": ' class="c"', "text-align:right": ' class="r"'}


class _Parser(MarkdownIt):
    def __init__(self) -> None:
        super().__init__("commonmark", {"html": False, "maxNesting": NESTING_AT_MOST})
        self.enable(["table", "strikethrough"])
        self.disable(["reference", "html_block", "html_inline"])

    def validateLink(self, url: str) -> bool:  # noqa: N802
        return destination(url) is not None


@cache
def _parser() -> _Parser:
    return _Parser()


def text_html(text: str) -> str:
    """`text` as it is typed: for what is too long, too intricate or not yet clear."""
    shown = escape(text.strip("\n"), quote=False)
    return f'<pre class="plain">{shown}</pre>' if shown else ""


def code_html(code: str, *, language: str, is_typed: bool) -> str:
    """A block of code with its language's name; while it `is_typed` it is not highlighted."""
    code = code.removesuffix("\n")
    colours = None if is_typed else highlighted(code, language=language)
    name = f' data-lang="{escape(language)}"' if language else ""
    if colours is None:
        return f"<pre{_SCROLLS}{name}><code>{escape(code, quote=False)}</code></pre>"
    return clean(f'<pre{_SCROLLS}{name}><code class="hl">{colours}</code></pre>')


def markdown_html(text: str, *, is_typed: bool) -> str:
    """`text` as safe HTML; plain if it is nested too deeply."""
    tokens = _parser().parse(text)
    if any(token.level >= NESTING_AT_MOST - 1 for token in tokens):
        return text_html(text)
    return clean("".join(_block(token, is_typed=is_typed) for token in tokens))


def _block(token: Token, *, is_typed: bool) -> str:
    match token.type:
        case "inline":
            return _inline(token.children or [])
        case "fence" | "code_block":
            opened = fence(f"{token.markup} {token.info}") if token.markup else None
            language = opened.language if opened else ""
            return code_html(token.content, language=language, is_typed=is_typed)
        case _ if token.hidden:
            return ""
        case _:
            return _tag(token)


def _tag(token: Token) -> str:
    name = token.tag
    if token.type.startswith("heading"):
        name = f"h{min(int(name[1]) + 2, 6)}"
    if token.nesting < 0:
        return f"</{name}>"
    if name == "table":
        return f"<table{_SCROLLS}>"
    start = token.attrGet("start")
    numbered = "" if start is None else f' start="{start}"'
    return f"<{name}{numbered}{_ALIGNMENT.get(str(token.attrGet('style')), '')}>"


def _inline(tokens: Sequence[Token]) -> str:
    html = ""
    link_begins = 0
    address = ""
    linked: list[str] = []
    for token in tokens:
        match token.type:
            case "link_open":
                link_begins, address, linked = len(html), str(token.attrGet("href")), []
            case "link_close":
                inner = html[link_begins:]
                html = html[:link_begins] + link(address, text="".join(linked), html=inner)
                address = ""
            case "image":
                description = token.content or "image"
                shown = escape(description, quote=False)
                source = str(token.attrGet("src"))
                html += shown if address else link(source, text=description, html=shown)
            case "code_inline":
                html += f"<code>{escape(token.content, quote=False)}</code>"
                linked.append(token.content)
            case "softbreak":
                html += "\n"
            case "hardbreak":
                html += "<br>"
            case "text" | "text_special":
                html += escape(token.content, quote=False)
                linked.append(token.content)
            case _:
                html += _tag(token)
    return html
