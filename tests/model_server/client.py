"""An agent run against the model server, driven as the engine drives one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pydantic_ai
from pydantic_ai import Agent, AgentStreamEvent, CancellationToken
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model
from pydantic_ai.usage import RunUsage

pydantic_ai.BANNER_ENABLED = False

# The names that models are resolved by, one for each protocol.
MODELS = {
    "chat": "openai-chat:gpt-5",
    "responses": "openai-responses:gpt-5",
    "anthropic": "anthropic:claude-sonnet-5",
}


@dataclass(frozen=True, slots=True)
class Run:
    output: str
    usage: RunUsage
    messages: list[ModelMessage]
    events: list[AgentStreamEvent]

    @property
    def response(self) -> ModelResponse:
        """The last one."""
        message = self.messages[-1]
        assert isinstance(message, ModelResponse)
        return message


async def run(
    model: Model,
    prompt: str | None,
    *,
    tools: Sequence[Callable[..., Any]] | None = None,
    history: list[ModelMessage] | None = None,
    token: CancellationToken | None = None,
    cancel_after_events: int | None = None,
) -> Run:
    """Unless told otherwise, the agent has one tool, `look(q)`, which answers `found <q>`."""
    agent = Agent(model, tools=[look] if tools is None else tools)
    events = list[AgentStreamEvent]()
    async with agent.iter(prompt, message_history=history, cancellation_token=token) as running:
        async for node in running:
            if Agent.is_model_request_node(node) or Agent.is_call_tools_node(node):
                async with node.stream(running.ctx) as stream:
                    async for event in stream:
                        events.append(event)
                        if len(events) == cancel_after_events:
                            running.cancel()
    assert running.result is not None
    return Run(running.result.output, running.usage, running.all_messages(), events)


def look(q: str) -> str:
    return f"found {q}"
