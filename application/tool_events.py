"""Calls of tools and their results as events."""

from typing import Literal, TypeAlias, cast

from pydantic_ai.messages import ToolCallPart, ToolReturnPart

from application.storable import storable, storable_json
from domain.completion_events import ToolCalled, ToolOutcome, ToolReturned
from domain.jsonvalue import JsonObject

MAX_RESULT_BYTES = 16_000  # in an event; longer results stand in a blob

_Outcome: TypeAlias = Literal["success", "failed", "denied", "interrupted", "retried"]
_OUTCOMES: dict[_Outcome, ToolOutcome] = {
    "success": "completed",
    "failed": "failed",
    "denied": "error",
    "interrupted": "cancelled",
    "retried": "error",
}


def called(call: ToolCallPart, *, attempt: int, step: int) -> ToolCalled:
    """The model's wish, with its arguments as far as they can be read."""
    arguments = cast("JsonObject", storable_json(call.args_as_dict()))
    return ToolCalled(attempt, step, storable(call.tool_call_id), call.tool_name, arguments)


def result_text(returned: ToolReturnPart) -> str:
    """What the model reads."""
    return storable(returned.model_response_str(wrap_if_error=False))


def returned(part: ToolReturnPart, *, text: str, sha256: str | None) -> ToolReturned:
    """The result; `sha256` names the blob with the whole text where that is too long."""
    return ToolReturned(
        tool_call_id=storable(part.tool_call_id),
        tool=part.tool_name,
        outcome=_OUTCOMES[part.outcome],
        content=text if sha256 is None else beginning(text),
        content_sha256=sha256,
    )


def beginning(text: str) -> str:
    """As much of the text as an event may hold, no character cut in two."""
    return text.encode()[:MAX_RESULT_BYTES].decode(errors="ignore")
