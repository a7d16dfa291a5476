"""JSON and text of tools as people read it: indented, and cut where it is long."""

from dataclasses import dataclass

from pydantic import JsonValue
from pydantic_core import from_json, to_json

from interfaces.admin.indented import indented

SHOWN_CHARACTERS = 4096


@dataclass(frozen=True)
class Shortened:
    """The beginning of a text, and how long the whole is."""

    text: str
    characters: int  # as it is stored
    is_cut: bool  # is there more of it?


def shortened(text: str) -> Shortened:
    """Indented where it is a JSON object or list."""
    if text[:1] in ("{", "["):
        try:
            return shortened_json(from_json(text))
        except ValueError:
            pass
    return Shortened(text[:SHOWN_CHARACTERS], len(text), is_cut=len(text) > SHOWN_CHARACTERS)


def shortened_json(value: JsonValue) -> Shortened:
    """Indented."""
    shown = indented(value, most=SHOWN_CHARACTERS)
    return Shortened(shown.text, len(to_json(value).decode()), shown.is_cut)
