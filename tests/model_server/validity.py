"""What a provider would find wrong with a request: roles, tool calls, empty content, schemas."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from tests.model_server import validity_anthropic, validity_chat, validity_responses
from tests.model_server.turn import Protocol

CHECKS: dict[Protocol, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "chat": validity_chat.check,
    "responses": validity_responses.check,
    "anthropic": validity_anthropic.check,
}


def complaints(protocol: Protocol, body: bytes) -> list[str]:
    """In the order of the request; none when the provider would accept it."""
    try:
        request: Any = json.loads(body)
    except ValueError as error:
        return [f"not JSON: {error}"]
    if not isinstance(request, dict):
        return ["not an object"]
    try:
        return list(CHECKS[protocol](cast("dict[str, Any]", request)))
    except (AttributeError, KeyError, TypeError) as error:
        return [f"a field is missing or of the wrong type: {error!r}"]
