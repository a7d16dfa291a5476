"""Arguments for any tool: what its JSON schema requires, out of the person's message."""

import json
import re
from typing import cast

from pydantic import JsonValue

from domain.jsonvalue import JsonObject


def arguments_for(schema: JsonObject, text: str) -> JsonObject:
    """A JSON object in the message is taken as it is; else each required field gets a value.

    An optional one gets the number that stands before its name: `30 days`.
    """
    if given := _object_in(text):
        return given
    properties = cast("JsonObject", schema.get("properties") or {})
    required = cast("list[str]", schema.get("required") or [])
    arguments: JsonObject = {
        name: _value(cast("JsonObject", properties[name]), text, root=schema) for name in required
    }
    for name in properties.keys() - arguments.keys():
        if counted := re.search(rf"(\d+) {re.escape(name)}\b", text, re.IGNORECASE):
            arguments[name] = int(counted[1])
    return arguments


def _object_in(text: str) -> JsonObject | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return None
    return found


def _value(schema: JsonObject, text: str, *, root: JsonObject) -> JsonValue:
    schema = _resolved(schema, root=root)
    if choices := cast("list[JsonValue]", schema.get("enum") or []):
        return next((choice for choice in choices if _is_named(choice, text)), choices[0])
    match schema.get("type"):
        case "integer" | "number":
            found = re.search(r"-?\d+", text)
            return int(found[0]) if found else schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return []
        case "object":
            return arguments_for({**root, "required": [], **schema}, "")
        case _:
            quoted = re.search(r"[\"“'‘](.+?)[\"”'’]", text)
            return quoted[1] if quoted else text


def _is_named(choice: JsonValue, text: str) -> bool:
    """Does a word of `user_activity` stand in the text, or `tool` of `tools`?"""
    words = re.findall(r"\w+", text.lower())
    return any(said.startswith(word) for said in words for word in str(choice).lower().split("_"))


def _resolved(schema: JsonObject, *, root: JsonObject) -> JsonObject:
    """Follows a reference into the schema's definitions, or takes the first alternative."""
    if "$ref" in schema:
        name = cast("str", schema["$ref"]).rpartition("/")[2]
        return cast("JsonObject", cast("JsonObject", root["$defs"])[name])
    if alternatives := cast("list[JsonObject]", schema.get("anyOf") or []):
        return _resolved(alternatives[0], root=root)
    return {"enum": [schema["const"]]} if "const" in schema else schema
