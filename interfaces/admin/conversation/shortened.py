"""JSON and text of tools as people read it: indented, and cut where it is long."""

from dataclasses import dataclass

from pydantic import JsonValue
from pydantic_core import from_json, to_json

SHOWN_CHARACTERS = 4096


@dataclass(frozen=True)
class Shortened:
    """The beginning of a text, and how long the whole is."""

    text: str
    characters: int

    @property
    def is_cut(self) -> bool:
        """Is there more of it?"""
        return self.characters > len(self.text)


def shortened(text: str) -> Shortened:
    """Indented where it is a JSON object or list."""
    if text[:1] in ("{", "["):
        try:
            return shortened_json(from_json(text))
        except ValueError:
            pass
    return Shortened(text[:SHOWN_CHARACTERS], len(text))


def shortened_json(value: JsonValue) -> Shortened:
    """Indented."""
    text = to_json(value, indent=2).decode()
    return Shortened(text[:SHOWN_CHARACTERS], len(text))
