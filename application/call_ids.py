"""Ids of tool calls: unique within a completion, whatever its provider makes of them."""

from collections.abc import Collection
from dataclasses import replace

from pydantic_ai.messages import ModelResponse, ToolCallPart

from application.storable import storable


def call_id(given: str, *, used: Collection[str], step: int) -> str:
    """The provider's own, unless an earlier step has used it.

    Some servers count anew in each response, and an id is what makes a repeated effect harmless.
    """
    own = storable(given)
    return f"{own}_{step}" if own in used else own


def with_call_ids(response: ModelResponse, *, used: Collection[str], step: int) -> ModelResponse:
    """The same response with the ids that we know its calls by."""
    ids = {part.tool_call_id for part in response.tool_calls}
    if not any(storable(given) in used for given in ids):
        return response
    parts = [
        replace(part, tool_call_id=call_id(part.tool_call_id, used=used, step=step))
        if isinstance(part, ToolCallPart)
        else part
        for part in response.parts
    ]
    return replace(response, parts=parts)
