"""JSON over several lines, of which only as much is written as will be shown."""

import json
from dataclasses import dataclass

from pydantic import JsonValue

# A few kilobytes of brackets within brackets would become megabytes.
_ENCODER = json.JSONEncoder(indent=2, ensure_ascii=False)


@dataclass(frozen=True)
class Indented:
    """The beginning of it. `is_cut`: there is more."""

    text: str
    is_cut: bool


def indented(value: JsonValue, *, most: int) -> Indented:
    """At most so many characters."""
    pieces: list[str] = []
    size = 0
    for piece in _ENCODER.iterencode(value):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            break
    return Indented("".join(pieces)[:most], is_cut=size > most)
