"""Reads JSON as it was meant: what other parsers would bend or drop is refused, with its place."""

import json
import math
import re
from typing import Any, TypeAlias

from pydantic import JsonValue

from interfaces.http.problems import FieldError, RequestInvalid
from interfaces.http.refusals import BodyIsNotJson, BodyTooDeep

DEEPEST = 64
LARGEST_INTEGER = 2**63
LONGEST_INTEGER = 20  # characters

_SURROGATE = re.compile("[\ud800-\udfff]")
Place: TypeAlias = tuple[str | int, ...]


def parse(raw: bytes) -> tuple[str, JsonValue]:
    """The text, for pydantic, and its value, for the canonical form.

    Raises BodyIsNotJson, BodyTooDeep, and RequestInvalid for NUL, lone surrogates, repeated names,
    numbers that are none or beyond 64 bits.
    """
    try:
        text = raw.decode("utf-8-sig")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_float,
            parse_int=_integer,
        )
    except RecursionError:
        raise BodyTooDeep from None
    except ValueError:
        raise BodyIsNotJson from None
    _check(value, ("body",))
    return text, value


def canonical(value: JsonValue) -> bytes:
    """The same bytes for the same value, however it was written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class _Repeated(dict[str, Any]):
    """An object that names something twice."""


class _Unreal(float):
    """Something that looks like a number and cannot be kept as one."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _Repeated(made)


def _no_number(_: str) -> float:
    return _Unreal("nan")


def _float(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _Unreal("nan")


def _integer(digits: str) -> int | float:
    if len(digits) > LONGEST_INTEGER or not -LARGEST_INTEGER <= int(digits) < LARGEST_INTEGER:
        return _Unreal("nan")
    return int(digits)


def _check(value: JsonValue, place: Place) -> None:
    match value:
        case str():
            _check_text(value, place)
        case dict():
            if len(place) > DEEPEST:
                raise BodyTooDeep
            if isinstance(value, _Repeated):
                raise _fault(place, "A name stands here twice")
            for name, inner in value.items():
                _check_text(name, place)
                _check(inner, (*place, name))
        case list():
            if len(place) > DEEPEST:
                raise BodyTooDeep
            for index, inner in enumerate(value):
                _check(inner, (*place, index))
        case _Unreal():
            raise _fault(place, "Numbers must be finite, and integers fit into 64 bits")
        case _:
            pass


def _check_text(text: str, place: Place) -> None:
    if "\0" in text:
        raise _fault(place, "NUL cannot be kept")
    if not text.isascii() and _SURROGATE.search(text):
        raise _fault(place, "A lone half of a surrogate pair is not text")


def _fault(place: Place, message: str) -> RequestInvalid:
    return RequestInvalid([FieldError(loc=place, msg=message)])
