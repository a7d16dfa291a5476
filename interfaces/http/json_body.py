"""The JSON body of a request: read with a limit, parsed strictly, fit into its model."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError
from starlette.requests import ClientDisconnect

from interfaces.http import strict_json
from interfaces.http.problems import invalid
from interfaces.http.refusals import (
    BodyIsIncomplete,
    BodyTooLarge,
    BodyTooSlow,
    MediaTypeNotSupported,
)

MOST_BYTES = 1024 * 1024
MOST_SECONDS = 30.0


class Body(BaseModel):
    """What a client may send: these fields, of these types, and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


B = TypeVar("B", bound=Body)


@dataclass(frozen=True)
class Sent(Generic[B]):
    """A body, and what tells it from another one."""

    body: B
    value: JsonValue

    @property
    def hash(self) -> str:
        """SHA-256 of the whole body in canonical form, hexadecimal."""
        return _hash(self.value)

    def hash_of(self, name: str) -> str:
        """The same of one of its fields, as if that had been sent alone."""
        assert isinstance(self.value, dict)
        return _hash(self.value[name])


def json_body(
    model: type[B], *, optional: bool = False, most_seconds: float = MOST_SECONDS
) -> Callable[[Request], Awaitable[Sent[B]]]:
    """The dependency of a route that takes such a body; an `optional` one may be left out.

    `most_seconds`: for the whole body to arrive.
    """

    async def read(request: Request) -> Sent[B]:
        raw = await read_body(request, most_seconds=most_seconds)
        if not raw and optional:
            raw = b"{}"
        else:
            _check_media_type(request)
        text, value = strict_json.parse(raw)
        try:
            return Sent(model.model_validate_json(text), value)
        except ValidationError as error:
            raise invalid(error.errors(), before=("body",)) from None

    return read


def described(model: type[Body], *, optional: bool = False) -> dict[str, Any]:
    """The `openapi_extra` of such a route."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"content": content, "required": not optional}}


async def read_body(request: Request, *, most_seconds: float = MOST_SECONDS) -> bytes:
    """All of it. Raises BodyTooLarge, BodyTooSlow or BodyIsIncomplete."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > MOST_BYTES:
        raise BodyTooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(most_seconds):
            async for piece in request.stream():
                body += piece
                if len(body) > MOST_BYTES:
                    raise BodyTooLarge
    except TimeoutError:
        raise BodyTooSlow from None
    except ClientDisconnect:
        raise BodyIsIncomplete from None
    return bytes(body)


def _check_media_type(request: Request) -> None:
    media_type, *parameters = request.headers.get("content-type", "").lower().split(";")
    charsets = [one.partition("=")[2].strip(' "') for one in parameters if "charset" in one]
    if media_type.strip() != "application/json" or any(one != "utf-8" for one in charsets):
        raise MediaTypeNotSupported
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise MediaTypeNotSupported


def _hash(value: JsonValue) -> str:
    return hashlib.sha256(strict_json.canonical(value)).hexdigest()
