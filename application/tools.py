"""For those who write tools: the decorator, and the key that makes repeating an effect harmless."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload
from uuid import UUID

from pydantic_ai import RunContext

from application.agents import AgentDeps
from application.storable import storable
from application.tool_options import TIMEOUT_SECONDS, Effect, ToolOptions, mark, options_of
from domain.ids import execution_of

__all__ = ["Effect", "ToolOptions", "idempotency_key", "options_of", "tool"]

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])


@overload
def tool(function: F, /) -> F: ...


@overload
def tool(
    *,
    effect: Effect = "once",
    timeout_seconds: float = TIMEOUT_SECONDS,
    requires_approval: bool = False,
) -> Callable[[F], F]: ...


def tool(
    function: F | None = None,
    /,
    *,
    effect: Effect = "once",
    timeout_seconds: float = TIMEOUT_SECONDS,
    requires_approval: bool = False,
) -> F | Callable[[F], F]:
    """Say what an async function is as a tool; it stays the function that it is.

    It may take `ctx: RunContext[AgentDeps]` first, and returns a ToolResultBase or anything with a
    JSON form. What it raises is logged, and the model reads only that it failed; pydantic-ai's own
    ModelRetry, ToolFailed and the like say more. After `timeout_seconds` it is cancelled.
    `effect`: see ToolOptions. With `requires_approval` it runs once a person has agreed.
    """
    options = ToolOptions(effect, timeout_seconds, requires_approval)

    def marked(function: F) -> F:
        mark(function, options)
        return function

    return marked if function is None else marked(function)


def idempotency_key(ctx: RunContext[AgentDeps]) -> UUID:
    """Of the present call of a tool: the same in every attempt at the answer, of no other call."""
    assert ctx.tool_call_id is not None, "only a tool that is being called has a key"
    return execution_of(ctx.deps.completion_id, tool_call_id=storable(ctx.tool_call_id))
