"""The built-in agent: a plain assistant that knows the time, and what its user has done here."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic_ai import ModelRetry, RunContext

from application.agents import AgentDeps, AgentSpec
from application.tools import tool
from interfaces.agents.analysis import run_analysis
from interfaces.agents.stats import get_system_stats


async def build_system_prompt(ctx: RunContext[AgentDeps]) -> str:
    """The same for everybody, so that providers can keep it in their caches."""
    return (
        "You are a helpful assistant. Answer in the language of the user, as briefly as the "
        "question allows, in Markdown where it helps. Say so when you do not know something. "
        "You do not know the present time: ask the tool get_current_time where it matters."
    )


@tool(effect="none")
async def get_current_time(ctx: RunContext[AgentDeps], time_zone: str = "UTC") -> str:
    """The present date and time.

    Args:
        time_zone: A name of the IANA time zone database, such as Europe/Berlin.
    """
    try:
        zone = UTC if time_zone == "UTC" else ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ModelRetry(f"There is no time zone {time_zone!r}. Use an IANA name.") from None
    return datetime.now(UTC).astimezone(zone).strftime("%A, %Y-%m-%d %H:%M:%S %Z")


assistant = AgentSpec(
    system_prompt_builder=build_system_prompt,
    tools=[get_current_time, get_system_stats, run_analysis],
)
