"""How the HTML of an answer changed, in as few bytes as a page needs to follow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

_TAG = re.compile(r"<(/?)([a-z0-9]+)[^>]*>")
_VOID = frozenset({"br", "hr"})


@dataclass(frozen=True)
class Closed:
    """A block is finished: `html` goes before `.open`, which is emptied.

    `is_shown`: `.open` holds exactly this already, so that its content may be moved to before it
    and need not be sent again.
    """

    html: str
    is_shown: bool = False


@dataclass(frozen=True)
class Open:
    """`html` replaces what is in `.open`."""

    html: str


@dataclass(frozen=True)
class More:
    """`html` goes to the end of an element on the way to the last one in `.open`.

    The way begins at `.open` and follows `lastChild` while that is an element. Level 0 is its end,
    1 the parent of that, and so on.
    """

    level: int
    html: str


Change: TypeAlias = Closed | Open | More


def growth(old: str, new: str) -> list[More] | list[Open]:
    """What makes `new` of `old`: `More` wherever html was put in between the last closing tags.

    Nothing if they are equal; `Open` if anything else changed. Both must be well formed.
    """
    at, path = _last_closing_tags(old)
    if not new.startswith(old[:at]):
        return [Open(new)]
    put_in = _put_in_between(new[at:], path)
    return [Open(new)] if put_in is None else list(_more(put_in, below=_is_void(old[:at])))


def _last_closing_tags(html: str) -> tuple[int, list[str]]:
    """Where the closing tags begin with which `html` ends, and their names."""
    at = len(html)
    names: list[str] = []
    while html.endswith(">", 0, at):
        begins = html.rindex("<", 0, at)
        if html[begins + 1] != "/":
            break
        names.insert(0, html[begins + 2 : at - 1])
        at = begins
    return at, names


def _put_in_between(html: str, path: list[str]) -> list[str] | None:
    """What stands before, between and after the closing tags of `path`; None: not all are there."""
    put_in: list[str] = []
    begins = depth = 0
    for found in _TAG.finditer(html):
        closing, name = found.groups()
        if name in _VOID:
            continue
        if not closing or depth:
            depth += -1 if closing else 1
        elif path[len(put_in) : len(put_in) + 1] == [name]:
            put_in.append(html[begins : found.start()])
            begins = found.end()
        else:
            return None
    return [*put_in, html[begins:]] if len(put_in) == len(path) else None


def _more(put_in: list[str], *, below: int) -> Iterator[More]:
    """`put_in` from the innermost element outwards; `below`: how many levels are below it now."""
    for html in put_in:
        if html:
            yield More(below, html)
            at, path = _last_closing_tags(html)
            below = len(path) + _is_void(html[:at])
        below += 1


def _is_void(html: str) -> bool:
    """Whether `html` ends with an element that has no closing tag, which is a level too."""
    return html.endswith(("<br>", "<hr>"))
