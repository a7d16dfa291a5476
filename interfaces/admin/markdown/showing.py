"""The HTML of one block, closed or open, within bounds of time that hold for any text."""

import re
from functools import lru_cache

from interfaces.admin.markdown.blocks import Block
from interfaces.admin.markdown.lines import Shape
from interfaces.admin.markdown.rendering import code_html, markdown_html, text_html
from interfaces.admin.markdown.unfinished import so_far

# The parser's time goes with the marks, some 0.015 ms each: one rendering takes up to 20 or 3 ms.
CLOSED_AT_MOST = 1_500  # marks; beyond, a block stays plain text
OPEN_AT_MOST = 200
OPEN_CHARACTERS_AT_MOST = 2_000

_MARK = re.compile(r"[\[\]()*_~`<>&!|\\\n]")


def _marks(text: str) -> int:
    """How many there are; those that cost more than others count twice or three times."""
    return len(_MARK.findall(text)) + text.count("\n") + 2 * text.count("[")


@lru_cache(maxsize=512)
def closed_html(block: Block) -> str:
    """A closed block. Remembered, because many readers open the same thread."""
    if block.shape is Shape.CODE:
        return code_html(block.text, language=block.language, is_typed=False)
    if block.is_cut or _marks(block.text) > CLOSED_AT_MOST:
        return text_html(block.text)
    return markdown_html(block.text, is_typed=False)


def open_html(block: Block) -> str:
    """A block that is still being typed: code in one colour, long or intricate text plain."""
    if block.shape is Shape.CODE and block.text:
        return code_html(block.text, language=block.language, is_typed=True)
    is_long = len(block.text) > OPEN_CHARACTERS_AT_MOST or _marks(block.text) > OPEN_AT_MOST
    if block.is_cut or is_long:
        return text_html(block.text)
    return markdown_html(so_far(block.text), is_typed=True) if block.text else ""
