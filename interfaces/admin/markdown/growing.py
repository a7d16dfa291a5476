"""The text of an answer while a model types it, and the changes that bring a page up to date."""

from collections.abc import Iterator

from interfaces.admin.markdown.blocks import Block, Blocks
from interfaces.admin.markdown.growth import Change, Closed, More, growth
from interfaces.admin.markdown.showing import closed_html, open_html

AT_ONCE = 4_000  # characters; some 20 ms where all of them are line ends


def html_parts(text: str) -> Iterator[str]:
    """The safe HTML of each block of an ended `text` in order; others may run in between."""
    blocks = Blocks()
    for begins in range(0, len(text), AT_ONCE):
        for block in blocks.add(text[begins : begins + AT_ONCE]):
            yield closed_html(block)
        yield ""
    for block in blocks.end():
        yield closed_html(block)


def html_of(text: str) -> str:
    """The safe HTML of an ended `text`; about 1 ms per 1,000 characters, see `html_parts`."""
    return "".join(html_parts(text))


class GrowingText:
    """What is shown depends on the text alone, not on its pieces or on when it was asked for."""

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._closed: list[Block] = []
        self._ready: dict[int, str] = {}  # HTML of closed blocks that was made ahead
        self._sent = 0  # how many closed blocks the page has
        self._page_open = ""  # what the page has in `.open`
        self._open = ""  # what it should have, if `_open_block` is still the open block
        self._open_block = self._blocks.open
        self._has_ended = False

    def add(self, text: str) -> None:
        """Take what was typed; nothing is rendered yet."""
        self._closed += self._blocks.add(text)

    def end(self) -> None:
        """The text is over: its last block closes. Nothing may be added; safe to repeat."""
        if not self._has_ended:
            self._closed += self._blocks.end()
            self._has_ended = True

    def typeset(self, *, whole: bool) -> Iterator[None]:
        """Read ahead what `changes` will need, or `html`; others may run in between."""
        for number in range(0 if whole else self._sent, len(self._closed)):
            if number not in self._ready:
                self._ready[number] = closed_html(self._closed[number])
                yield

    def _html_of(self, number: int) -> str:
        html = self._ready.get(number)
        return closed_html(self._closed[number]) if html is None else html

    @property
    def html(self) -> str:
        """All of it as it should be now: the inner HTML of `.prose`, with `.open` until the end."""
        closed = "".join(map(self._html_of, range(len(self._closed))))
        return closed if self._has_ended else f'{closed}<div class="open">{self._open_html()}</div>'

    def shown(self) -> None:
        """The page has `html` as it is now: the next changes begin there."""
        self._sent = len(self._closed)
        self._ready.clear()
        self._page_open = self._open_html()

    def changes(self, budget: int | None = None) -> list[Change]:
        """What the page needs since the last call, in order.

        An `Open` of more than `budget` bytes is kept for a later call: until then its block may
        have closed. Everything else is sent at once. None: nothing is kept.
        """
        changes: list[Change] = []
        for number in range(self._sent, len(self._closed)):
            changes += self._closing(self._html_of(number))
        self._sent = len(self._closed)
        self._ready.clear()
        html = self._open_html()
        grown = growth(self._page_open, html)
        if budget is None or all(
            isinstance(c, More) or len(c.html.encode()) <= budget for c in grown
        ):
            changes += grown
            self._page_open = html
        return changes

    def _closing(self, html: str) -> Iterator[Change]:
        """`html` is final. If the page lacks only a little of it, that little is sent first."""
        grown = growth(self._page_open, html)
        is_shown = self._page_open != "" and all(isinstance(change, More) for change in grown)
        if is_shown:
            yield from grown
        yield Closed(html, is_shown=is_shown)
        self._page_open = ""

    def _open_html(self) -> str:
        if self._blocks.open != self._open_block:
            self._open_block = self._blocks.open
            self._open = open_html(self._open_block)
        return self._open
