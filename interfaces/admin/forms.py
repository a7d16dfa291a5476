"""The form of a request: read with a limit, parsed strictly, fit into its model."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, TypeAlias, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from interfaces.admin.refusals import FormIsMalformed
from interfaces.http.json_body import read_body
from interfaces.http.problems import invalid
from interfaces.http.refusals import MediaTypeNotSupported

Fields: TypeAlias = Mapping[str, str | list[str]]  # a list where one name came several times

MEDIA_TYPE = "application/x-www-form-urlencoded"
MOST_FIELDS = 100


class Form(BaseModel):
    """What a page sends: these fields and nothing else. An empty field is one that is missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


F = TypeVar("F", bound=Form)


def form(model: type[F]) -> Callable[[Request], Awaitable[F]]:
    """The dependency of a route that takes such a form.

    Raises RequestInvalid, FormIsMalformed, and what `read_body` does.
    """

    async def read(request: Request) -> F:
        return fit(model, await fields(request))

    return read


async def fields(request: Request) -> Fields:
    """The fields as they were filled in, line ends as `\\n`. Raises FormIsMalformed."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise MediaTypeNotSupported
    raw = await read_body(request)
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise FormIsMalformed from None
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in pairs:
        if "\0" in value:
            raise FormIsMalformed
        found[name].append(value.replace("\r\n", "\n"))
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def fit(model: type[F], found: Fields) -> F:
    """Raises RequestInvalid, which says what is wrong with which field."""
    try:
        return model.model_validate({name: value for name, value in found.items() if value})
    except ValidationError as error:
        raise invalid(error.errors()) from None


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Filled = Annotated[Fields, Depends(fields)]
# Of a field that may be there several times.
Several = Annotated[tuple[str, ...], BeforeValidator(_several)]
