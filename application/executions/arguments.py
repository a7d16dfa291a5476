"""The arguments of a background task, checked against its annotations."""

import inspect
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import JsonValue, TypeAdapter, ValidationError

_FIRST = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_RESERVED = "timeout_seconds"  # create_async_tool_execution has one of its own


class ArgumentsInvalid(Exception):
    """The arguments do not fit the task; the message says which, for the model."""


class Arguments:
    """What a function takes besides the execution, its first parameter."""

    def __init__(self, function: Callable[..., object]) -> None:
        """Raises TypeError for a function that could not be called with named arguments."""
        self._function = function
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or parameters[0].kind not in _FIRST:
            raise TypeError(f"{function.__name__}: the first parameter must be the ToolExecution")
        rest = parameters[1:]
        for parameter in rest:
            if parameter.kind not in _NAMED or parameter.name == _RESERVED:
                raise TypeError(f"{function.__name__}: {parameter} cannot be passed by its name")
        self._names = {one.name for one in rest}
        self._required = {one.name for one in rest if one.default is one.empty}

    def check(self, given: Mapping[str, JsonValue]) -> dict[str, Any]:
        """The arguments as the annotations want them. Raises ArgumentsInvalid."""
        problems = [
            f"{name}: there is no such argument" for name in sorted(given.keys() - self._names)
        ]
        problems += [f"{name}: is missing" for name in sorted(self._required - given.keys())]
        checked: dict[str, Any] = {}
        for name in given.keys() & self._names:
            try:
                checked[name] = self._adapters[name].validate_python(given[name])
            except ValidationError as error:
                problems += [
                    _told(name, problem["loc"], problem["msg"]) for problem in error.errors()
                ]
        if problems:
            raise ArgumentsInvalid("; ".join(problems))
        return checked

    @cached_property
    def _adapters(self) -> dict[str, TypeAdapter[Any]]:
        hints = get_type_hints(self._function, include_extras=True)
        return {name: TypeAdapter(hints.get(name, Any)) for name in self._names}


def _told(name: str, place: tuple[int | str, ...], message: str) -> str:
    return f"{'.'.join([name, *map(str, place)])}: {message}"
