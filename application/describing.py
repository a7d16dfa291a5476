"""A worker says which agents it answers with, so that others need not import them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from pydantic_ai import Tool

from application.agents import AgentSpec
from application.ports import EventLog, StreamAppend, StreamConflict
from application.storable import storable
from application.tool_options import as_tool, options_of
from domain.agent_events import AgentDescription, AgentsDescribed, ToolDescription
from domain.ids import agents_stream
from domain.recorded import Recorded

ReadLast: TypeAlias = Callable[[], Awaitable[Recorded[AgentsDescribed] | None]]


def describe(agents: Mapping[str, AgentSpec], *, default_model: str) -> AgentsDescribed:
    """The agents in their order, each with the tools that it lists."""
    return AgentsDescribed(
        tuple(
            AgentDescription(
                name=name,
                model=spec.model or default_model,
                tools=tuple(_described(as_tool(tool)) for tool in spec.tools),
            )
            for name, spec in agents.items()
        )
    )


async def say(log: EventLog, read_last: ReadLast, described: AgentsDescribed, *, by: str) -> bool:
    """See that this is the last word; False where it was already.

    Several workers may do so at once. Raises what `read_last` raises.
    """
    while True:
        last = await read_last()
        if last is not None and last.event == described:
            return False
        append = StreamAppend(agents_stream(), last.version if last else 0, [described])
        try:
            await log.append(append, actor=by)
        except StreamConflict:
            continue
        return True


def _described(tool: Tool[Any]) -> ToolDescription:
    options = options_of(tool.tool_def)
    description = tool.tool_def.description
    return ToolDescription(
        name=tool.name,
        description=storable(description) if description else None,
        effect=options.effect,
        timeout_seconds=options.timeout_seconds,
        requires_approval=options.requires_approval,
    )
