"""Text as the log can keep it: without NUL, lone halves of surrogate pairs and unreal numbers."""

from math import isfinite
from typing import Any, cast

from pydantic import JsonValue

REPLACEMENT = "\ufffd"


def storable(text: str) -> str:
    """The text with U+FFFD for each NUL and lone surrogate; two halves that meet are joined."""
    if _is_plain(text):
        return text
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", REPLACEMENT)


def storable_json(value: JsonValue) -> JsonValue:
    """The same for all text inside, keys included; NaN and the infinities become text."""
    return cast("JsonValue", storable_value(value))


def storable_value(value: object) -> object:
    """The same for what a tool returns: text, lists and dictionaries; other objects stay."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        inside = cast("dict[Any, object]", value)
        return {storable_value(key): storable_value(inner) for key, inner in inside.items()}
    if isinstance(value, list):
        return [storable_value(inner) for inner in cast("list[object]", value)]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value


class StorableText:
    """A text that comes in pieces; a surrogate pair may be cut in two between them."""

    def __init__(self) -> None:
        self._half = ""
        self.replaced = 0  # characters that became U+FFFD

    def take(self, piece: str) -> str:
        """What can be kept by now: the piece, less a half that waits for the next one."""
        if not self._half and _is_plain(piece):
            return piece
        text, self._half = self._half + piece, ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return self._counted(text)

    def rest(self) -> str:
        """What still waits when no more comes."""
        half, self._half = self._half, ""
        return self._counted(half)

    def _counted(self, text: str) -> str:
        kept = storable(text)
        self.replaced += kept.count(REPLACEMENT) - text.count(REPLACEMENT)
        return kept


def _is_plain(text: str) -> bool:
    return text.isascii() and "\0" not in text
