"""The witness of tools: each call in the log before it runs, each result bounded and kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from pydantic import ValidationError
from pydantic_ai import ApprovalRequired, CallDeferred, ModelRetry, RunContext, ToolFailed
from pydantic_ai.exceptions import (
    SkipToolExecution,
    ToolFailedError,
    ToolRetryError,
    UnexpectedModelBehavior,
)
from pydantic_ai.messages import ToolCallPart, ToolReturn, ToolReturnPart
from pydantic_ai.tools import ToolDefinition

from application import tool_events
from application.agents import AgentDeps
from application.journal import Journal
from application.kept import Kept
from application.stop import JournalStopped
from application.storable import storable
from application.tool_options import options_of
from application.tool_results import ToolResultBase, completed, failed, timeout_error
from application.tool_text import as_text, bounded, is_long
from application.tool_time import TimedOut, in_time
from domain.completion_events import ToolReturned

logger = logging.getLogger(__name__)

KEPT_BYTES = 64_000_000  # of one result; of a longer one only what the model reads is kept

# What pydantic-ai understands itself, and what ends the run; anything else is a defect of the tool.
_CONTROL = (
    ApprovalRequired,
    CallDeferred,
    JournalStopped,
    ModelRetry,
    SkipToolExecution,
    ToolFailed,
)


@dataclass(frozen=True)
class _Given:
    """What a tool gave: its result, what that says, what a model reads of it, what comes along."""

    result: ToolResultBase
    whole: str
    text: str
    returned: ToolReturn[Any] | None = None


class ToolWitness:
    """Of one run."""

    def __init__(self, journal: Journal, kept: Kept) -> None:
        self._journal = journal
        self._kept = kept

    async def result(self, part: ToolReturnPart) -> ToolReturned:
        """The result as an event, its blob kept where it needs one."""
        text = tool_events.result_text(part)
        sha256 = tool_events.whole_kept_as(part) or await self._keep(text)
        return tool_events.returned(part, text=text, sha256=sha256)

    async def run(
        self,
        ctx: RunContext[AgentDeps],
        start: Callable[[], Awaitable[Any]],
        *,
        call: ToolCallPart,
        tool: ToolDefinition,
    ) -> ToolReturn[str]:
        """A tool runs when its call is durable. Its defect is the model's to know, not our end.

        Raises what pydantic-ai understands, and JournalStopped.
        """
        await self._journal.durable()
        try:
            given = await self._given(start(), call=call, tool=tool)
        except (ToolFailedError, ToolRetryError) as told:
            await self._bound(told)
            raise
        except _CONTROL:
            raise
        except Exception as error:
            if _out_of_retries(ctx, error):
                raise
            ctx.deps.logger.exception("tool %s failed", call.tool_name)
            text = f"The tool {call.tool_name} failed unexpectedly."
            given = _told(failed("unhandled_exception", text))
        return await self._part(given, call=call)

    async def _given(
        self, work: Awaitable[Any], *, call: ToolCallPart, tool: ToolDefinition
    ) -> _Given:
        options = options_of(tool)
        try:
            value = await in_time(work, name=call.tool_name, seconds=options.timeout_seconds)
        except TimedOut:
            text = f"The tool {call.tool_name} did not end within {options.timeout_seconds:g} s."
            if options.effect != "none":
                text += " Whether it has had its effect is not known."
            return _told(timeout_error(text))
        return await asyncio.to_thread(_taken, value)

    async def _part(self, given: _Given, *, call: ToolCallPart) -> ToolReturn[str]:
        """What pydantic-ai records and sends. Raises ToolFailedError where there is no result."""
        sha256 = await self._keep(given.whole)
        metadata = tool_events.for_people(given.result, sha256=sha256)
        if given.result.status in ("error", "failed"):
            raise ToolFailedError(
                ToolReturnPart(
                    tool_name=call.tool_name,
                    tool_call_id=call.tool_call_id,
                    tool_kind=call.tool_kind,
                    content=given.text,
                    metadata=metadata,
                    outcome="failed",
                )
            )
        returned: ToolReturn[str] = ToolReturn(given.text, metadata=metadata)
        if given.returned is None:
            return returned
        return replace(returned, tools=given.returned.tools)

    async def _bound(self, told: ToolFailedError | ToolRetryError) -> None:
        """Its text too is as long as the author made it."""
        part = told.tool_failed if isinstance(told, ToolFailedError) else told.tool_retry
        if not isinstance(part, ToolReturnPart) or not isinstance(part.content, str):
            return
        text = storable(part.content)
        metadata = {"status": "failed" if part.outcome == "failed" else "error"}
        if sha256 := await self._keep(text):
            metadata["sha256"] = sha256
        part = replace(part, content=bounded(text), metadata=metadata)
        if isinstance(told, ToolFailedError):
            told.tool_failed = part
        else:
            told.tool_retry = part

    async def _keep(self, text: str) -> str | None:
        """The sha256 of a text that is too long for an event."""
        if not is_long(text):
            return None
        whole = text.encode()
        if len(whole) > KEPT_BYTES:
            logger.error("a tool's result of %d bytes is too large to keep", len(whole))
            return None
        try:
            return await self._kept.keep(whole, "text/plain")
        except JournalStopped:
            raise
        except Exception:
            logger.exception("a tool's result of %d bytes is not kept", len(whole))
            return None


def wrong_arguments(error: ValidationError | ModelRetry) -> ModelRetry:
    """As text, which is what the log keeps and an attempt after a crash can say again; bounded,
    because each error repeats what the model wrote."""
    if isinstance(error, ModelRetry):
        return error
    errors = as_text(error.errors(include_url=False))
    return ModelRetry(bounded(as_text(str(error)) if is_long(errors) else errors))


def _taken(value: object) -> _Given:
    """In a thread of its own: a result may be large. Raises whatever the result's own code does."""
    if isinstance(value, ToolReturn):
        returned = cast("ToolReturn[Any]", value)
        return _told(_result_of(returned.return_value), returned)
    return _told(_result_of(value))


def _result_of(value: object) -> ToolResultBase:
    return value if isinstance(value, ToolResultBase) else completed(value)


def _told(result: ToolResultBase, returned: ToolReturn[Any] | None = None) -> _Given:
    whole = "\n\n".join([result.text, *(_beside(returned) if returned else [])])
    return _Given(result, whole, bounded(whole), returned)


def _beside(returned: ToolReturn[Any]) -> list[str]:
    """What a ToolReturn tells the model beside its value: text only, and part of the result, so
    that the log can say it again."""
    content = returned.content
    told = [content] if isinstance(content, str) else content or []
    return [storable(one) if isinstance(one, str) else f"[{type(one).__name__}]" for one in told]


def _out_of_retries(ctx: RunContext[AgentDeps], error: Exception) -> bool:
    """Has the tool asked the model once too often to try again? That ends the run."""
    return (
        ctx.last_attempt
        and isinstance(error, UnexpectedModelBehavior)
        and isinstance(error.__cause__, ModelRetry)
    )
