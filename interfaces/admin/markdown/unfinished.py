"""What is shown of Markdown that is still being typed: bold from its first word, no half a link.

No markers flicker before the reader's eyes, and what is shown only grows, which is cheap to send.
"""

import re

from interfaces.admin.markdown.lines import is_undecided

_TAIL = 800  # characters at the end of a line in which something unfinished is looked for

_HALF = re.compile(
    r"""(?:
        [*_~`\\]+                                             # markers that may close or open
      | \[?!?\[[^\[\]]{0,80}                                  # [text
      | \[?!?\[[^\[\]]{0,200}\](?:\([^()\s]{0,500}(?:[ ][^)]{0,100})?)?  # [text](address
      | <[^\s<>]{0,200}                                       # <address
      | &[#\w]{0,12}                                          # &amp
    )$""",
    re.VERBOSE,
)
_MARK = re.compile(r"\\.|\]\([^)\s]*\)|<[^\s<>]*>|`+|\*+|_+|~~")
_NESTED_FENCE = re.compile(r"^[\s>]*(?:[-*+][ \t]+|\d{1,9}[.)][ \t]+)?(?:```|~~~)", re.MULTILINE)


def so_far(text: str) -> str:
    """What can be shown of an open block's `text`; marks that its last line left open are closed.

    The answer is Markdown again.
    """
    if len(_NESTED_FENCE.findall(text)) % 2:
        return text
    if text.startswith("|") and text.count("\n") < 2:
        return ""  # not yet clear whether it is a table
    above, line_end, line = text.rpartition("\n")
    if line.lstrip().startswith("|"):
        return above  # a row of a table appears when it is whole
    line = _without_half(line)
    if is_undecided(line):
        return above
    return above + line_end + line + _closing(line)


def _without_half(line: str) -> str:
    for _ in range(5):
        half = _HALF.search(line, max(0, len(line) - _TAIL))
        if half is None:
            break
        line = line[: half.start()]
    return line.rstrip()


def _closing(line: str) -> str:
    """The marks that close what `line` left open, innermost first."""
    left_open: list[str] = []
    for found in _MARK.finditer(line):
        mark = found[0]
        if mark[0] in "\\]<" or (left_open and left_open[-1][0] == "`" and mark != left_open[-1]):
            continue
        before, after = line[: found.start()][-1:], line[found.end() :][:1]
        if mark in left_open and before not in " \t":
            del left_open[left_open.index(mark) :]
        elif mark[0] == "`" or (
            after not in (" ", "\t", "") and not (mark[0] == "_" and before.isalnum())
        ):
            left_open.append(mark)
    return "".join(reversed(left_open))
