"""What a reader's page shows of a growing text, changed as our script does."""

from interfaces.admin.markdown import Change, Closed, More, Open
from tests.interfaces.admin.dom import Element, grow, open_block, parsed


class Page:
    """Closed blocks, and the open one."""

    def __init__(self) -> None:
        self._text = parsed('<div class="open"></div>')

    def follow(self, changes: list[Change]) -> None:
        for change in changes:
            match change:
                case Closed(html, is_shown):
                    grow(self._text, "keep" if is_shown else "close", html)
                case Open(html):
                    grow(self._text, "open", html)
                case More(level, html):
                    grow(self._text, "more", html, level=level)

    @property
    def open(self) -> Element:
        return open_block(self._text)

    @property
    def closed(self) -> Element:
        return Element(children=self._text.children[:-1])

    @property
    def html(self) -> str:
        return self._text.inner_html
