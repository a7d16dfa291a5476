"""What a tool says of itself: may it be repeated, how long may it take, must a person agree."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from pydantic_ai.tools import Tool, ToolDefinition

Effect: TypeAlias = Literal["none", "idempotent", "once"]

EFFECTS = ("none", "idempotent", "once")
TIMEOUT_SECONDS = 60.0
_MARK = "__tool_options__"


@dataclass(frozen=True)
class ToolOptions:
    """Of one tool.

    `effect`: "none" only reads; "idempotent" done again with the same key is done once; "once" is
    never run twice by us, and where nobody knows whether it has run, the model is told so.
    """

    effect: Effect = "once"
    timeout_seconds: float = TIMEOUT_SECONDS
    requires_approval: bool = False


def mark(function: Callable[..., Any], options: ToolOptions) -> None:
    """The function has these options wherever it becomes a tool."""
    setattr(function, _MARK, options)


def as_tool(given: Callable[..., Any] | Tool[Any]) -> Tool[Any]:
    """What an agent lists, as pydantic-ai runs it; a Tool stays as it is."""
    if isinstance(given, Tool):
        return cast("Tool[Any]", given)
    options = getattr(given, _MARK, ToolOptions())
    return Tool(
        given,
        requires_approval=options.requires_approval,
        metadata={"effect": options.effect, "timeout_seconds": options.timeout_seconds},
    )


def options_of(tool: ToolDefinition) -> ToolOptions:
    """What an agent's tool says of itself; where it says nothing, the defaults."""
    said = tool.metadata or {}
    effect, seconds = said.get("effect"), said.get("timeout_seconds")
    return ToolOptions(
        effect=effect if effect in EFFECTS else "once",
        timeout_seconds=float(seconds) if isinstance(seconds, int | float) else TIMEOUT_SECONDS,
        requires_approval=tool.kind == "unapproved",
    )
