"""A background tool of the built-in agent: what a user has done of late, or their tools."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field
from pydantic_ai import RunContext
from taskiq import async_shared_broker

from application.agents import AgentDeps
from application.executions.dispatch import create_async_tool_execution
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from application.tool_results import ToolResultBase, pending
from application.tools import tool
from domain.jsonvalue import JsonObject
from interfaces.agents import tool_usage, user_activity
from interfaces.agents.span import Span

AnalysisType: TypeAlias = Literal["user_activity", "tool_usage"]
Days: TypeAlias = Annotated[int, Field(ge=1, le=365)]


class Analysis(BaseModel, frozen=True):
    """What an analysis has found."""

    analysis_type: AnalysisType
    days: int
    summary: str
    data: JsonObject

    def format_message(self) -> str:
        """For people."""
        return f"Analysis complete: {self.analysis_type}"

    def format_content_parts(self) -> list[dict[str, str]]:
        """For the model: the summary, then the figures."""
        figures = self.model_dump_json(include={"analysis_type", "days", "data"})
        return [{"type": "text", "text": text} for text in (self.summary, figures)]


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=300, retries=1)
async def run_analysis_task(
    execution: ToolExecution, analysis_type: AnalysisType, days: Days = 7
) -> Analysis:
    """Of the user whose execution it is; as a plain task, outside any chat, of everybody."""
    since = datetime.now(UTC) - timedelta(days=days)
    span = Span(execution, days=days, since=since)
    match analysis_type:
        case "user_activity":
            summary, data = await user_activity.analyse(span)
        case "tool_usage":
            summary, data = await tool_usage.analyse(span)
    return Analysis(analysis_type=analysis_type, days=days, summary=summary, data=data)


@tool(effect="idempotent")
async def run_analysis(
    ctx: RunContext[AgentDeps], analysis_type: AnalysisType, days: Days = 7
) -> ToolResultBase:
    """Analyse what the user has done in here. It runs in the background, its result comes later.

    Args:
        analysis_type: What the user has written and been answered, or the tools that were used.
        days: How many days back, up to now.
    """
    execution = await create_async_tool_execution(
        ctx, run_analysis_task, analysis_type=analysis_type, days=days
    )
    await run_analysis_task.kiq(execution.id)
    return pending(message="Analysis started", execution=execution)
