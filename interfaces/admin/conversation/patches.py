"""What a page is to change so that it shows its conversation as it is now."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

PatchKind: TypeAlias = Literal[
    "append",  # html goes to the end of the element
    "before",  # html goes before the element
    "replace",  # html takes the element's place, and has its id
    "open",  # html takes the place of what is in `.open` of the element
    "more",  # html goes to the end of the `level`-th element above the deepest last one of `.open`
    "close",  # html goes before `.open` of the element, which is emptied
    "keep",  # what is in `.open` of the element goes before it
    "ended",  # the element is as it will be: it loses its `aria-busy`, and its `.open`
    "reset",  # html takes the place of the whole #conversation
    "say",  # html, which is plain text escaped, is announced to those who cannot see the page
]


@dataclass(frozen=True, slots=True)
class Patch:
    """One change. They are to be made in their order."""

    kind: PatchKind
    element_id: str
    html: str = ""
    level: int = 0  # of "more"
