"""The patches by which text grows on a page."""

from collections.abc import Iterator
from typing import assert_never

from interfaces.admin.conversation.patches import Patch
from interfaces.admin.conversation.text import Text
from interfaces.admin.markdown import Closed, More, Open


def growth(text: Text, budget: int | None) -> Iterator[Patch]:
    """Since the last call, or since the page was given it whole. See `GrowingText.changes`."""
    for change in text.changes(budget):
        match change:
            case Closed(is_shown=True):
                yield Patch("keep", text.element_id)
            case Closed(html):
                yield Patch("close", text.element_id, html)
            case Open(html):
                yield Patch("open", text.element_id, html)
            case More(level, html):
                yield Patch("more", text.element_id, html, level)
            case _:
                assert_never(change)
    if not text.is_open:
        yield Patch("ended", text.element_id)
