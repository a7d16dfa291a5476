"""The witness of a run: puts into the journal what is asked of the model and of the tools."""

import hashlib
from collections.abc import AsyncIterable, Sequence
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_ai import ApprovalRequired, ModelRetry, RunContext
from pydantic_ai.capabilities import AbstractCapability, WrapToolExecuteHandler
from pydantic_ai.messages import (
    AgentStreamEvent,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    InstructionPart,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models import ModelRequestContext, ModelRequestParameters
from pydantic_ai.tools import ToolDefinition
from pydantic_core import to_jsonable_python

from application import tool_events
from application.agents import AgentDeps
from application.call_ids import with_call_ids
from application.journal import Journal
from application.kept import Kept
from application.models import REQUEST_HOOK
from application.ports import BlobStore
from application.recorder import Recorder, storable_response
from application.storable import storable, storable_json
from application.tool_witness import ToolWitness, wrong_arguments
from domain.completion import Completion
from domain.completion_events import MessageRecorded, ModelRequested, ToolReturned
from domain.jsonvalue import JsonObject

_WRITERS = ("pydantic-ai-slim", "openai", "anthropic")


class Witness(AbstractCapability[AgentDeps]):
    """Sees one run from the inside: every request before it is sent, every call before it runs.

    `sending` is to be awaited with the body of each HTTP request to the model (REQUEST_HOOK).
    """

    def __init__(
        self,
        journal: Journal,
        completion: Completion,
        *,
        recorder: Recorder,
        blobs: BlobStore,
        model: str,
        positions: tuple[int, ...],
        keep_bodies: bool = False,
        unasked: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__()
        self._journal = journal
        self._completion = completion
        self._recorder = recorder
        self._kept = Kept(blobs, journal, owner_id=completion.owner_id)
        self._tools = ToolWitness(journal, self._kept)
        self._unasked = unasked  # calls that a person must approve before they run
        self._model = model
        self._positions = positions
        self._keep_bodies = keep_bodies
        self._asking: ModelRequested | None = None
        self._held: list[MessageRecorded] = []  # to be committed with what is asked
        self.sent_bytes = 0  # of the last request's body

    def wrap_run_event_stream(
        self, ctx: RunContext[AgentDeps], *, stream: AsyncIterable[AgentStreamEvent]
    ) -> AsyncIterable[AgentStreamEvent]:
        """As it is: a generator around it would cost more than all we do with an event."""
        return stream

    # Requests to the model

    async def prepare_model_request(
        self, ctx: RunContext[AgentDeps], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        """Know what is about to be asked; where nothing is sent, this is the last moment."""
        self._held += self._recorder.record(ctx.messages)
        self._asking = await self._request(request_context, ctx.messages)
        if request_context.model.provider is None:
            await self._journal.commit(*self._take_held(), self._asking)
        return request_context

    async def sending(self, body: bytes) -> None:
        """A request is durable before its first byte leaves. Raises JournalStopped."""
        assert self._asking is not None
        self.sent_bytes = len(body)
        if self._keep_bodies:
            await self._kept.keep(body, "application/json")
        sha256 = hashlib.sha256(body).hexdigest()
        asking = replace(self._asking, body_sha256=sha256, body_bytes=len(body))
        await self._journal.commit(*self._take_held(), asking)

    async def after_model_request(
        self,
        ctx: RunContext[AgentDeps],
        *,
        request_context: ModelRequestContext,
        response: ModelResponse,
    ) -> ModelResponse:
        """The run goes on with what is in the log."""
        used, step = self._journal.transcript.called, self._recorder.step
        return with_call_ids(storable_response(response), used=used, step=step)

    async def _request(
        self, context: ModelRequestContext, messages: Sequence[ModelMessage]
    ) -> ModelRequested:
        last = messages[-1]
        instructions = last.instructions if isinstance(last, ModelRequest) else None
        tools = _tools_json(context.model_request_parameters)
        return ModelRequested(
            attempt=self._completion.attempt,
            step=self._recorder.step,
            model=context.model.model_name,
            settings=_settings_json(context),
            tools=await self._kept.keep(tools, "application/json") if tools else None,
            instructions=await self._keep_text(instructions) if instructions else None,
            messages=self._positions,
            sdk=sdk(),
            named=self._model,
            base_url=context.model.base_url,
        )

    def _take_held(self) -> list[MessageRecorded]:
        held, self._held = self._held, []
        return held

    async def _keep_text(self, text: str) -> str:
        return await self._kept.keep(storable(text).encode(), "text/plain")

    # Calls of tools

    def called(self, event: FunctionToolCallEvent, messages: Sequence[ModelMessage]) -> None:
        """The model asked for a tool; `messages` end with the response that does."""
        self._journal.add(*self._take_held(), *self._recorder.record(messages))
        self._journal.add(
            tool_events.called(
                event.part, attempt=self._completion.attempt, step=self._recorder.step
            )
        )

    async def returned(self, event: FunctionToolResultEvent) -> None:
        """A tool has its result."""
        self._journal.add(await self.result(event.part))

    async def result(self, part: ToolReturnPart) -> ToolReturned:
        """The result as an event, its blob kept where it needs one."""
        return await self._tools.result(part)

    async def on_tool_validate_error(
        self,
        ctx: RunContext[AgentDeps],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: str | dict[str, Any],
        error: ValidationError | ModelRetry,
    ) -> dict[str, Any]:
        """What is wrong with the arguments is no longer than a result."""
        raise wrong_arguments(error)

    async def wrap_tool_execute(
        self,
        ctx: RunContext[AgentDeps],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        handler: WrapToolExecuteHandler,
    ) -> Any:
        """The one way in which every tool runs: see ToolWitness."""
        if storable(call.tool_call_id) in self._unasked:
            raise ApprovalRequired
        REQUEST_HOOK.set(None)  # this task is the tool's own; what it asks of models is its own too
        return await self._tools.run(ctx, partial(handler, args), call=call, tool=tool_def)


def _settings_json(context: ModelRequestContext) -> JsonObject:
    settings = {
        name: value
        for name, value in (context.model_settings or {}).items()
        if name != "extra_headers"  # they may hold keys
    }
    plain = storable_json(to_jsonable_python(settings, fallback=str))
    assert isinstance(plain, dict)
    return plain


def _tools_json(parameters: ModelRequestParameters) -> bytes | None:
    tools = ("function_tools", "native_tools", "output_tools")
    if not any(getattr(parameters, name) for name in tools):
        return None
    return _parameters().dump_json(parameters, include=set(tools), exclude_none=True)


def parameters_of(tools: bytes | None, instructions: bytes | None) -> ModelRequestParameters:
    """What a request was made with, from its blobs."""
    parameters = _parameters().validate_json(tools) if tools else ModelRequestParameters()
    if instructions is None:
        return parameters
    part = InstructionPart(instructions.decode(), dynamic=True)
    return replace(parameters, instruction_parts=[part])


@cache
def _parameters() -> TypeAdapter[ModelRequestParameters]:
    return TypeAdapter(ModelRequestParameters)


@cache
def sdk() -> str:
    """Whose versions decide how a request is written."""
    return ", ".join(f"{name} {version(name)}" for name in _WRITERS)
