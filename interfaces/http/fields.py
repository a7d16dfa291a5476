"""The fields of bodies, with their limits."""

from typing import Annotated

from pydantic import AfterValidator, Field

from domain.jsonvalue import JsonObject
from interfaces.http.strict_json import canonical

TEXT_BYTES = 256 * 1024  # as UTF-8, of a whole message
METADATA_BYTES = 16 * 1024  # as JSON
MOST_PARTS = 100


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must have something in it besides white space")
    return text


def _not_long(text: str) -> str:
    if len(text.encode()) > TEXT_BYTES:
        raise ValueError(f"must be at most {TEXT_BYTES} bytes long")
    return text


def _not_large(metadata: JsonObject) -> JsonObject:
    if len(canonical(metadata)) > METADATA_BYTES:
        raise ValueError(f"must be at most {METADATA_BYTES} bytes of JSON")
    return metadata


NotBlank = AfterValidator(_not_blank)
Text = Annotated[str, AfterValidator(_not_long), NotBlank]
Title = Annotated[str, Field(max_length=200), NotBlank]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(max_length=1000)]
Metadata = Annotated[JsonObject, AfterValidator(_not_large)]
