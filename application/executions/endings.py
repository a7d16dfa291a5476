"""What a background task returned or raised, as the event that ends its execution."""

import json
import logging
from collections.abc import Sequence
from typing import Any, Protocol, cast, runtime_checkable

from application.execution_results import finished
from application.executions.arguments import ArgumentsInvalid
from application.ports import BlobStore
from application.tool_results import (
    CompletedResult,
    ErrorResult,
    ToolResultBase,
    completed,
)
from application.tool_text import as_text, bounded
from domain.execution import Ending, Execution
from domain.execution_events import ExecutionFailed
from domain.jsonvalue import JsonObject

logger = logging.getLogger(__name__)


@runtime_checkable
class Formatted(Protocol):
    """A payload that says itself what people and models read of it."""

    def format_message(self) -> str:
        """For people."""
        ...

    def format_content_parts(self) -> Sequence[Any]:
        """For the model: a list of {"type": "text", "text": …}."""
        ...


async def ending_of(value: object, *, execution: Execution, blobs: BlobStore) -> Ending:
    """The end of a task that has returned. Raises what the blob store raises."""
    try:
        result = _result(value)
        if not isinstance(result, CompletedResult):
            return _failed(result, tool=execution.dispatched.tool)
        done = cast("CompletedResult[object]", result)
        plain = _object(done.data)
    except Exception:
        logger.exception("execution %s: its result cannot be told", execution.id)
        return broken(execution)
    return await finished(
        blobs, execution.owner_id, result=plain, content=done.text, message=done.message
    )


def refused(error: ArgumentsInvalid) -> Ending:
    """The end of a task that was given what it cannot take."""
    return ExecutionFailed("validation_error", bounded(str(error)))


def broken(execution: Execution) -> Ending:
    """The end of a task that raised. What it raised stands in our own log, and nowhere else."""
    tool = execution.dispatched.tool
    return ExecutionFailed("internal_error", f"The tool {tool} failed unexpectedly.")


def _result(value: object) -> ToolResultBase:
    if isinstance(value, ToolResultBase):
        return value
    if isinstance(value, Formatted):
        return completed(value, value.format_message(), content_parts=value.format_content_parts())
    return completed(value)


def _failed(result: ToolResultBase, *, tool: str) -> Ending:
    message = bounded(result.message or result.text or f"The tool {tool} gave no result.")
    code = result.code if isinstance(result, ErrorResult) else "internal_error"
    return ExecutionFailed(code, message)


def _object(data: object) -> JsonObject:
    """The result's data as a JSON object; what is none stands as its `value`."""
    plain = data if isinstance(data, str) else json.loads(as_text(data))
    return cast("JsonObject", plain if isinstance(plain, dict) else {"value": plain})
