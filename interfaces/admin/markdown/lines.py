"""What the beginning of one line says about the block that it belongs to."""

import re
from dataclasses import dataclass
from enum import StrEnum

MARKERS_AT_MOST = 200  # characters; a longer run of markers is text


class Shape(StrEnum):
    """What a top-level block is, as far as its first line tells."""

    TEXT = "text"
    HEADING = "heading"
    QUOTE = ">"
    DASH = "-"
    STAR = "*"
    PLUS = "+"
    NUMBER_DOT = "."
    NUMBER_PAREN = ")"
    CODE = "code"

    @property
    def is_list(self) -> bool:
        return self.value in "-*+.)"


@dataclass(frozen=True)
class Fence:
    """The line that opens a block of code: ```` ```python ````."""

    marker: str
    indent: int
    language: str

    def may_close(self, line: str) -> bool:
        """Whether `line` is, or can still become, the line that ends this block."""
        marks = rf" {{0,3}}{self.marker[0]}*[ \t]*"
        return len(line) <= MARKERS_AT_MOST and re.fullmatch(marks, line) is not None

    def closes(self, line: str) -> bool:
        return self.may_close(line) and line.count(self.marker[0]) >= len(self.marker)

    def content(self, line: str) -> str:
        """The line without the indentation that the opening line had too."""
        return line[min(self.indent, len(line) - len(line.lstrip(" "))) :]


_UNDECIDED = re.compile(
    r"""[ \t>]*
    (?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*
    (?: \[[ xX]?\]? | \#{0,6} | [-*+=_~`|:]+ | \d{1,9}[.)]? | `{3,}[^`]* | ~{3,}.* )
    [ \t]*""",
    re.VERBOSE,
)
_FENCE = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*")
_HEADING = re.compile(r" ?#{1,6}[ \t]+\S")
_QUOTE = re.compile(r" ?>")
_ITEM = re.compile(r" ?(?:([-*+])|(\d{1,9})([.)]))[ \t]+\S")
_LANGUAGE = re.compile(r"[A-Za-z0-9+#._-]{1,20}")


def is_undecided(line: str) -> bool:
    """Whether nothing but markers stands here, so that more of the line may change its meaning.

    Every beginning of an undecided line is undecided, so it is all the same how a line arrives.
    """
    return len(line) <= MARKERS_AT_MOST and _UNDECIDED.fullmatch(line) is not None


def fence(line: str) -> Fence | None:
    """The fence that a whole line opens, if it does."""
    found = _FENCE.fullmatch(line) if len(line) <= MARKERS_AT_MOST else None
    if found is None:
        return None
    language = found[3] if _LANGUAGE.fullmatch(found[3]) else ""
    return Fence(found[2], indent=len(found[1]), language=language)


def shape(line: str) -> Shape:
    """The shape of a block that begins with `line`; a decided part of the line is enough."""
    if _HEADING.match(line):
        return Shape.HEADING
    if _QUOTE.match(line):
        return Shape.QUOTE
    item = _ITEM.match(line)
    return Shape(item[1] or item[3]) if item else Shape.TEXT


def interrupts(line: str) -> bool:
    """Whether `line` begins a block of its own even below a paragraph (CommonMark, section 5.3)."""
    item = _ITEM.match(line)
    return shape(line) is not Shape.TEXT and (item is None or item[2] in (None, "1"))


def is_outermost(line: str) -> bool:
    """Whether `line` is too little indented to belong to a list item."""
    return not line.startswith(("  ", "\t", " \t"))
