"""What a tool says of itself, and what an agent makes of it."""

import inspect
from typing import Any

import pytest
from pydantic_ai import RunContext, Tool
from pydantic_ai.tools import ToolDefinition

from application.agents import AgentDeps
from application.tool_options import as_tool
from application.tool_results import ToolResultBase, completed
from application.tools import ToolOptions, options_of, tool


@tool
async def plain(ctx: RunContext[AgentDeps], city: str, days: int = 7) -> ToolResultBase:
    """The weather.

    Args:
        city: where
    """
    return completed(data={"city": city, "days": days}, message="Sunny")


@tool(effect="none", timeout_seconds=1.5)
async def reading() -> str:
    return "read"


@tool(effect="idempotent", requires_approval=True)
async def writing(amount: int) -> int:
    return amount


def undecorated(at: str) -> str:
    return at


@pytest.mark.parametrize(
    ("given", "options"),
    [
        (plain, ToolOptions("once", 60.0)),
        (reading, ToolOptions("none", 1.5)),
        (writing, ToolOptions("idempotent", 60.0, requires_approval=True)),
        (undecorated, ToolOptions("once", 60.0)),
        (Tool(undecorated, name="other"), ToolOptions("once", 60.0)),
        (Tool(undecorated, metadata={"effect": "none"}), ToolOptions("none", 60.0)),
        (Tool(undecorated, metadata={"timeout_seconds": 3}), ToolOptions("once", 3.0)),
        (Tool(undecorated, metadata={"effect": "unheard of"}), ToolOptions("once", 60.0)),
        (Tool(undecorated, requires_approval=True), ToolOptions(requires_approval=True)),
    ],
)
def test_what_a_tool_says_of_itself_is_known_to_the_engine(given: Any, options: ToolOptions):
    assert options_of(as_tool(given).tool_def) == options


def test_a_definition_that_says_nothing_has_the_careful_defaults():
    assert options_of(ToolDefinition(name="look")) == ToolOptions(
        "once", 60.0, requires_approval=False
    )


def test_a_decorated_function_stays_the_function_that_it_is():
    assert inspect.iscoroutinefunction(plain)
    assert plain.__name__ == "plain"
    assert list(inspect.signature(plain).parameters) == ["ctx", "city", "days"]
    definition = as_tool(plain).tool_def
    assert definition.description == "The weather."
    properties = definition.parameters_json_schema["properties"]
    assert properties["city"] == {"description": "where", "type": "string"}
    assert properties["days"]["default"] == 7


async def test_a_decorated_function_can_be_called_directly():
    result = await plain(None, "Berlin")  # pyright: ignore[reportArgumentType]
    assert (result.status, result.message) == ("completed", "Sunny")
    assert await reading() == "read"
