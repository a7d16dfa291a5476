"""Calls of tools and their results as events, and as pydantic-ai's messages carry them."""

from typing import Any, Literal, TypeAlias, cast, get_args

from pydantic_ai.messages import ToolCallPart, ToolReturnPart

from application.storable import storable, storable_json
from application.tool_results import ResultStatus, ToolResultBase
from application.tool_text import bounded
from domain.completion_events import ToolCalled, ToolOutcome, ToolReturned
from domain.jsonvalue import JsonObject

_Outcome: TypeAlias = Literal["success", "failed", "denied", "interrupted", "retried"]
_OUTCOMES: dict[_Outcome, ToolOutcome] = {
    "success": "completed",
    "failed": "failed",
    "denied": "error",
    "interrupted": "cancelled",
    "retried": "error",
}
_TOLD = ("status", "message", "code", "ref_type", "ref_id")


def called(call: ToolCallPart, *, attempt: int, step: int) -> ToolCalled:
    """The model's wish, with its arguments as far as they can be read."""
    arguments = cast("JsonObject", storable_json(call.args_as_dict()))
    return ToolCalled(attempt, step, storable(call.tool_call_id), call.tool_name, arguments)


def for_people(result: ToolResultBase, *, sha256: str | None) -> JsonObject:
    """The metadata of the part in which a result reaches the model, and which no model is sent.

    `sha256` names the blob with the whole text where the model reads only its beginning.
    """
    told: JsonObject = {name: getattr(result, name, None) for name in _TOLD}
    return {name: value for name, value in {**told, "sha256": sha256}.items() if value is not None}


def whole_kept_as(part: ToolReturnPart) -> str | None:
    """The sha256 of the whole text, where the part holds only its beginning."""
    return _told(part).get("sha256")


def result_text(part: ToolReturnPart) -> str:
    """What the model reads."""
    return storable(part.model_response_str(wrap_if_error=False))


def returned(part: ToolReturnPart, *, text: str, sha256: str | None) -> ToolReturned:
    """The result; `sha256` names the blob with the whole text where that is too long."""
    told = _told(part)
    return ToolReturned(
        tool_call_id=storable(part.tool_call_id),
        tool=part.tool_name,
        outcome=told.get("status", _OUTCOMES[part.outcome]),
        content=bounded(text),
        content_sha256=sha256,
        message=told.get("message"),
        code=told.get("code"),
    )


def _told(part: ToolReturnPart) -> dict[str, Any]:
    """What `for_people` has put there; nothing where somebody else's metadata is."""
    if not isinstance(part.metadata, dict):
        return {}
    metadata = cast("dict[str, Any]", part.metadata)
    return metadata if metadata.get("status") in get_args(ResultStatus) else {}
