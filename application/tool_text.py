"""A tool's result as text that a model can read and the log can keep."""

from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from application.storable import storable, storable_json, storable_value

MAX_RESULT_BYTES = 16_000  # of what a model reads of one result; the whole stands in a blob
_MORE_BYTES = 100  # for the line that says how much is left out
_NUL = b"\\u0000"


def as_text(value: object) -> str:
    """Text as it is, anything else as JSON; what has no JSON form as `str` says it.

    Bytes are written in base64. Raises ValueError for what goes in circles or is nested too deep,
    and whatever the value's own code raises.
    """
    if isinstance(value, str):
        return storable(value)
    return _json(value).decode()


def bounded(text: str) -> str:
    """The text, or its beginning and a line on the rest: never more than MAX_RESULT_BYTES."""
    if not is_long(text):
        return text
    head = beginning(text, MAX_RESULT_BYTES - _MORE_BYTES)
    return f"{head}\n[{len(text) - len(head):,} more characters are left out.]"


def is_long(text: str) -> bool:
    """Is it more than a model reads of one result?"""
    return len(text) > MAX_RESULT_BYTES or len(text.encode()) > MAX_RESULT_BYTES


def beginning(text: str, most_bytes: int) -> str:
    """As much of the text as so many bytes hold, no character cut in two."""
    return text[:most_bytes].encode()[:most_bytes].decode(errors="ignore")


def _json(value: object) -> bytes:
    try:
        written = _written(value)
    except (PydanticSerializationError, UnicodeEncodeError):
        written = _NUL  # of the text inside, some cannot be written at all
    return _written(_plain(value)) if _NUL in written else written


def _plain(value: object) -> JsonValue:
    """The same as JSON, with text that can be kept; keys first, which nothing else can read."""
    try:
        readable = storable_value(value)
    except RecursionError as error:
        raise ValueError("it goes in circles, or is nested too deep") from error
    return storable_json(
        to_jsonable_python(readable, fallback=str, bytes_mode="base64", inf_nan_mode="strings")
    )


def _written(value: object) -> bytes:
    return to_json(value, fallback=str, bytes_mode="base64", inf_nan_mode="strings")
