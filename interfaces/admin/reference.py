"""`/docs`: the contract of the API as a page, from the same document that programs read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from interfaces.admin.page_route import PageRoute
from interfaces.admin.pages import page

Json = Mapping[str, Any]
CONSTRAINTS = ("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "pattern")
ANSWERS = ("application/json", "text/event-stream", "text/plain", "application/x-ndjson")

router = APIRouter(route_class=PageRoute)


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of a body or an answer."""

    name: str
    where: str  # path, query, header; empty in a body
    type: str
    required: bool
    text: str


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    name: str
    method: str
    path: str
    text: str
    needs_key: bool
    parameters: Sequence[Field]
    body: str | None  # the schema's name
    answers: Sequence[tuple[str, str, str | None]]  # status, text, schema's name


@dataclass(frozen=True)
class Schema:
    """What a body or an answer has in it."""

    name: str
    text: str
    fields: Sequence[Field]


@router.get("/docs")
async def reference(request: Request) -> Response:
    """All routes of the API, for anybody."""
    return page(request, "reference.html", by=None, **_read(request.app))


@cache  # to write the document takes tenths of a second
def _read(app: FastAPI) -> Mapping[str, Any]:
    document = app.openapi()
    subjects: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        for method, told in operations.items():
            subjects.setdefault(told["tags"][0], []).append(_operation(method, path, told))
    schemas = document["components"]["schemas"]
    shown = {name: _schema(name, told) for name, told in sorted(schemas.items())}
    return {"about": document["info"]["description"], "subjects": subjects, "schemas": shown}


def _operation(method: str, path: str, told: Json) -> Operation:
    body = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    return Operation(
        name=told["operationId"],
        method=method.upper(),
        path=path,
        text=told.get("description", ""),
        needs_key=bool(told.get("security")),
        parameters=[_parameter(one) for one in told.get("parameters", ())],
        body=type_of(body["schema"]) if body else None,
        answers=list(_answers(told["responses"])),
    )


def _answers(responses: Json) -> Iterator[tuple[str, str, str | None]]:
    for status, told in sorted(responses.items()):
        content = told.get("content", {})
        schema = content.get("application/json", {}).get("schema")
        streamed = [one for one in ANSWERS[1:] if one in content]
        yield status, told["description"], type_of(schema) if schema else "".join(streamed) or None


def _parameter(told: Json) -> Field:
    return Field(
        name=told["name"],
        where=told["in"],
        type=type_of(told["schema"]),
        required=bool(told.get("required")),
        text=told.get("description", ""),
    )


def _schema(name: str, told: Json) -> Schema:
    required = told.get("required", ())
    fields = [
        Field(field, "", type_of(one), field in required, one.get("description", ""))
        for field, one in told.get("properties", {}).items()
    ]
    return Schema(name, told.get("description", ""), fields)


def type_of(schema: Json) -> str:
    """In words of Python and JSON: `string (uuid) | null`, `list of Part, 1 to 100`."""
    match schema:
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"anyOf": options} | {"oneOf": options}:
            return " | ".join(dict.fromkeys(map(type_of, options)))
        case {"enum": values}:
            return " | ".join(map(str, values))
        case {"const": value}:
            return str(value)
        case {"type": "array"}:
            return f"list of {type_of(schema.get('items', {}))}{_limits(schema)}"
        case {"type": list()}:
            return " | ".join(schema["type"])
        case {"type": str(kind), "format": str(form)}:
            return f"{kind} ({form}){_limits(schema)}"
        case {"type": str(kind)}:
            return kind + _limits(schema)
        case _:
            return "any"


def _limits(schema: Json) -> str:
    return "".join(f", {name} {schema[name]}" for name in CONSTRAINTS if name in schema)
