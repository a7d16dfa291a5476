"""Code in few colours and few bytes: `<b>` keyword, `<i>` comment, `<u>` string, `<em>` name.

And `<ins>`, `<del>` for the lines of a diff. Not with Pygments: some of its lexers (CSS, Go, HTML,
Java) take tenths of a second and more for 8,000 hostile characters, and nothing can stop them.
"""

import re
from collections.abc import Iterator
from html import escape

from interfaces.admin.markdown.languages import Language, language_named, pattern

GROWS_AT_MOST = 1.6  # times the code's own HTML, and a few marks
A_FEW_MARKS = 256  # characters


def highlighted(code: str, *, language: str) -> str | None:
    """`code` escaped and marked; None if the language is unknown or it would grow too much."""
    known = language_named(language)
    if known is None:
        return None
    is_diff = language.lower() in ("diff", "patch")
    html = "".join(_changed_lines(code) if is_diff else _marked(code, language=known))
    plain = len(escape(code, quote=False))
    return html if len(html) <= GROWS_AT_MOST * plain + A_FEW_MARKS else None


def _marked(code: str, *, language: Language) -> Iterator[str]:
    end = 0
    for found in pattern(language).finditer(code):
        tag = found.lastgroup or ""
        if tag == "b" and language.keywords and found[0] not in language.keywords:
            continue
        yield escape(code[end : found.start()], quote=False)
        yield _tagged(tag, found[0])
        end = found.end()
    yield escape(code[end:], quote=False)


def _changed_lines(code: str) -> Iterator[str]:
    for line in re.findall(r".*\n|.+", code):
        tag = {"+": "ins", "-": "del", "@": "i"}.get(line[0])
        yield _tagged(tag, line) if tag else escape(line, quote=False)


def _tagged(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text, quote=False)}</{tag}>"
