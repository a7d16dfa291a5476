"""Text of models, tools and other people as a terminal may be given it."""

import sys
from unicodedata import category

# The second set of controls, of which terminals obey some; what hides, reorders or ends a line.
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")


class _Shown(dict[int, int]):
    """Controls as pictures, what else hides as a replacement character: one stays one."""

    def __missing__(self, code: int) -> int:
        self[code] = shown = 0xFFFD if category(chr(code)) in HIDDEN else code
        return shown


_PICTURES = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
_JOINERS = {0x200C: 0x200C, 0x200D: 0x200D}  # Persian and families of emoji need them
_IN_LINE = _Shown(_PICTURES | _JOINERS)
_IN_LINES = _Shown(_PICTURES | _JOINERS | {ord(kept): ord(kept) for kept in "\n\t"})


def printable(text: str) -> str:
    """The text in lines: no character of it moves the cursor, colours, or asks the terminal."""
    return text.translate(_IN_LINES)


def one_line(text: str, *, characters: int) -> str:
    """The same in one line, cut to a length."""
    cut = text[:characters].translate(_IN_LINE)
    return f"{cut}…" if len(text) > characters else cut


def write_lines(lines: bytes) -> None:
    """To the standard output byte for byte; at a terminal without what a terminal obeys."""
    if sys.stdout.isatty():
        sys.stdout.write(printable(lines.decode()))
    else:
        sys.stdout.buffer.write(lines)
    sys.stdout.flush()
