"""A text that grows, cut into top-level Markdown blocks as soon as no later word can join them.

A cut is made only where CommonMark ends a top-level block whatever follows, so that rendering
block by block shows what rendering the whole would (but for long lists, which become two, and for
blocks beyond 16,000 characters). Where a text is cut depends on the text alone, never on the pieces
in which it came.
"""

import re
from dataclasses import dataclass

from interfaces.admin.markdown.lines import (
    Fence,
    Shape,
    fence,
    interrupts,
    is_outermost,
    is_undecided,
    shape,
)

BLOCK_AT_MOST = 16_000  # characters; what is longer is cut and stays plain text
LIST_AT_MOST = 1_000  # characters; after them a list goes on as a new list at its next item
BLANK_LINES_AT_MOST = 100  # that are kept between two lines of a block

# What no page needs and a terminal, a reader's eye or an encoder may stumble over.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202d\u202e\ud800-\udfff]")


@dataclass(frozen=True)
class Block:
    """A piece of the text that is rendered by itself; of code only what is between the fences."""

    text: str
    shape: Shape
    language: str = ""
    is_cut: bool = False  # part of a block that is too long: plain text


class Blocks:
    """Cuts a growing text. Memory: what is not closed, 16,000 characters and a line of markers."""

    def __init__(self) -> None:
        self._line = ""  # the last line, without its end
        self._is_placed = False  # whether it is decided which block the last line belongs to
        self._after_return = False
        self._begin(None)

    def _begin(self, shape_: Shape | None, *, within: Fence | None = None) -> None:
        self._shape = shape_
        self._fence = within
        self._text = ""  # the whole lines of the open block
        self._blank_lines = 0  # that came after them
        self._is_cut = False

    @property
    def open(self) -> Block:
        """What is not closed yet; a line that is still undecided is left out."""
        return self._block(self._text + (self._line if self._is_placed else ""))

    def _block(self, text: str) -> Block:
        language = self._fence.language if self._fence and not self._is_cut else ""
        return Block(text, self._shape or Shape.TEXT, language, self._is_cut)

    def add(self, text: str) -> list[Block]:
        """The blocks that `text` closes, in order."""
        closed: list[Block] = []
        *whole, last = self._lines(text)
        for part in whole:
            self._grow(part, closed)
            self._end_line(closed)
        self._grow(last, closed)
        return closed

    def end(self) -> list[Block]:
        """The last blocks. The text is over: nothing may be added."""
        closed: list[Block] = []
        if self._line:
            self._end_line(closed)
        self._close(closed)
        return closed

    def _lines(self, text: str) -> list[str]:
        if not text:
            return [""]
        is_second_half = self._after_return and text.startswith("\n")
        self._after_return = text.endswith("\r")
        text = text[is_second_half:].replace("\r\n", "\n").replace("\r", "\n")
        return _UNPRINTABLE.sub("\ufffd", text).split("\n")

    def _grow(self, part: str, closed: list[Block]) -> None:
        self._line += part
        waits = self._fence.may_close if self._fence else is_undecided
        if not self._is_placed and not waits(self._line):
            self._place(closed)
        if self._is_placed:
            self._cut(closed)

    def _place(self, closed: list[Block]) -> None:
        """Put the last line, of which enough is known, into the open block or begin another."""
        self._is_placed = True
        if self._fence:
            self._line = self._fence.content(self._line)
        elif self._begins_block(self._line):
            self._close(closed)
            self._begin(shape(self._line))
        elif self._text:
            self._text += "\n" * min(self._blank_lines, BLANK_LINES_AT_MOST)
        self._blank_lines = 0

    def _begins_block(self, line: str) -> bool:
        if self._shape is None:
            return True
        if not is_outermost(line):
            return False
        begun = shape(line)
        if Shape.HEADING in (begun, self._shape):
            return True
        if begun.is_list and begun is self._shape:
            return len(self._text) > LIST_AT_MOST
        return self._blank_lines > 0 or (interrupts(line) and begun is not self._shape)

    def _end_line(self, closed: list[Block]) -> None:
        if not self._is_placed and self._closes_or_opens(self._line, closed):
            self._line = ""
            return
        if not self._is_placed:
            self._place(closed)
            self._cut(closed)
        self._text += self._line + "\n"
        self._line, self._is_placed = "", False

    def _closes_or_opens(self, line: str, closed: list[Block]) -> bool:
        """Whether the whole `line` is no part of a block but stands around it: a fence or blank."""
        if self._fence:
            if self._fence.closes(line):
                self._close(closed)
                return True
            return False
        if not line.strip(" \t"):
            self._blank_lines += 1
            return True
        is_in_list = self._shape is not None and self._shape.is_list and not is_outermost(line)
        opened = None if is_in_list else fence(line)
        if opened:
            self._close(closed)
            self._begin(Shape.CODE, within=opened)
        return opened is not None

    def _close(self, closed: list[Block]) -> None:
        if self._shape is not None and (self._text or not self._is_cut):
            closed.append(self._block(self._text))
        self._begin(None)

    def _cut(self, closed: list[Block]) -> None:
        """Keep the open block short: what is before this line goes, or else the line so far."""
        while len(self._text) + len(self._line) > BLOCK_AT_MOST:
            self._is_cut = self._is_cut or self._fence is None
            whole = self._text or self._line[:BLOCK_AT_MOST]
            closed.append(self._block(whole))
            self._is_cut = True
            if self._text:
                self._text = ""
            else:
                self._line = self._line[BLOCK_AT_MOST:]
