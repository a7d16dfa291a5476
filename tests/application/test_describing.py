"""What a worker says of its agents."""

from pydantic_ai import Tool

from application.agents import AgentSpec
from application.describing import describe
from application.tools import tool
from domain.agent_events import AgentDescription, ToolDescription


@tool(effect="none", timeout_seconds=1.5)
async def look(at: str) -> str:
    """Look at something.

    Args:
        at: what
    """
    return at


async def silent() -> None: ...


def test_agents_are_described_with_their_models_and_tools_in_order():
    careful = Tool(silent, name="pay", description="Pays.\0", requires_approval=True)
    support = AgentSpec(model="openai-chat:gpt-5", tools=[look, silent, careful])
    told = describe({"support": support, "plain": AgentSpec()}, default_model="demo")
    assert told.agents == (
        AgentDescription(
            "support",
            "openai-chat:gpt-5",
            (
                ToolDescription("look", "Look at something.", "none", 1.5, requires_approval=False),
                ToolDescription("silent", None, "once", 60.0, requires_approval=False),
                ToolDescription("pay", "Pays.\ufffd", "once", 60.0, requires_approval=True),
            ),
        ),
        AgentDescription("plain", "demo"),
    )
