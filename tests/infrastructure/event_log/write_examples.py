"""Writes a stored example of every event that has none: `python -m` this module, then commit.

An example is never changed or removed: it is what logs out there hold, for ever.
"""

import types
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from domain.catalogue import CATALOGUE
from infrastructure.event_log import Codec

EXAMPLES = Path(__file__).with_name("examples")
AT = 1_795_338_102_398_165
ACTOR = "user:018f0000-0000-7000-8000-00000000000a"
CAUSE = "018f0000-0000-7000-8000-00000000000c"
PLAIN: dict[Any, Any] = {
    str: 'Grüße, 世界 \U0001f680 "\\\n',
    int: 1_048_577,
    float: 0.25,
    bool: True,
    UUID: UUID("018f0000-0000-7000-8000-000000000001"),
    dict: {"text": "ä", "list": [1, 2.5, True, None], "nested": {"empty": {}}},
}


def sample(kind: Any) -> Any:
    """A value of this type with every field filled."""
    if kind in PLAIN:
        return PLAIN[kind]
    if is_dataclass(kind):
        assert isinstance(kind, type)
        hints = get_type_hints(kind)
        return kind(**{field.name: sample(hints[field.name]) for field in fields(kind)})
    arguments = get_args(kind)
    match get_origin(kind):
        case origin if origin is Literal:
            return arguments[0]
        case types.UnionType:
            return sample(arguments[0])
        case origin if origin is tuple and arguments[-1] is Ellipsis:
            return (sample(arguments[0]), sample(arguments[0]))
        case origin if origin is tuple:
            return tuple(sample(argument) for argument in arguments)
        case origin if origin is dict:
            return PLAIN[dict]
        case _:
            raise TypeError(f"no sample of {kind}")


def main() -> None:
    """Write what is missing, and say so."""
    for kind in CATALOGUE:
        file = EXAMPLES / f"{kind.topic}.json"
        if not file.exists():
            _, state = Codec().encode(sample(kind.type), at=AT, actor=ACTOR, cause=CAUSE)
            file.write_bytes(state)
            print(file.name)  # noqa: T201


if __name__ == "__main__":
    main()
