"""A model that calls tools."""

from collections.abc import AsyncIterator
from typing import Any

from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from tests.application.house import Saying


def calling(*calls: tuple[str, str, str]) -> Saying:
    """A model that calls (id, tool, arguments) and, having the results, says so."""

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) % 4 == 3:
            yield "I have seen it."
            return
        for number, (call, name, arguments) in enumerate(calls):
            yield {number: DeltaToolCall(name, arguments, tool_call_id=call)}

    return model
