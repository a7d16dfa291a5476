"""The built-in model `demo`: needs no key and no network, and streams at the pace of a person."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.exceptions import ModelHTTPError, ModelRequestRejectedError
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from interfaces.agents.demo_answers import Answer, answer
from interfaces.agents.demo_arguments import arguments_for
from interfaces.agents.demo_history import conversation_of, input_tokens
from interfaces.agents.demo_tools import Tool

Delta = str | dict[int, DeltaToolCall] | dict[int, DeltaThinkingPart]


def demo_model() -> Model:
    """A model that explains Threadlog, and does what the message asks.

    It thinks first, uses a tool of the agent, writes N words, is slow or quick, or fails, when the
    message says so. What it says follows from the messages alone, never from chance or the clock.
    """
    return _DemoModel(stream_function=_stream, model_name="demo")


class _DemoModel(FunctionModel):
    """Counts what it was given as input tokens, which FunctionModel does not."""

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        async with super().request_stream(
            messages, model_settings, model_request_parameters, run_context
        ) as response:
            response.usage.input_tokens += input_tokens(messages)
            yield response


async def _stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Delta]:
    conversation = conversation_of(messages)
    given = answer(conversation, [_tool(tool) for tool in info.function_tools])
    if given.call is None and not info.allow_text_output:
        output = _tool(info.output_tools[0])
        call = output.name, arguments_for(output.parameters, given.text)
        given = Answer("", call=call, words_per_second=given.words_per_second)
    seconds = 1 / given.words_per_second
    async for word in _paced(_words(given.thoughts), seconds):
        yield {0: DeltaThinkingPart(content=word)}
    async for word in _paced(_words(given.text), seconds):
        yield word
    if given.fails:
        body = {"error": {"message": "asked to fail"}}
        raise ModelHTTPError.for_category(
            ModelRequestRejectedError, status_code=400, model_name="demo", body=body
        )
    if given.call is not None:
        name, arguments = given.call
        yield {1: DeltaToolCall(name, "", tool_call_id=f"demo-{len(messages)}")}
        async for piece in _paced(re.findall(r".{1,8}", json.dumps(arguments)), seconds):
            yield {1: DeltaToolCall(json_args=piece)}


def _tool(definition: ToolDefinition) -> Tool:
    return Tool(definition.name, definition.parameters_json_schema)


def _words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


async def _paced(pieces: Sequence[str], seconds: float) -> AsyncIterator[str]:
    """A piece each `seconds` on average, with a breath after a sentence."""
    for piece in pieces:
        yield piece
        breath = 3.0 if re.search(r"[.!?:]\s*$", piece) else 0.8
        await asyncio.sleep(seconds * breath)
