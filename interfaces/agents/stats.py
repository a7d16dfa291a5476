"""A tool of the built-in agent: how much the user has in here, counted in the read models."""

from uuid import UUID

from pydantic import BaseModel
from pydantic_ai import RunContext
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from application.agents import AgentDeps
from application.tool_results import ToolResultBase, completed
from application.tools import tool
from projections.async_tool_executions import AsyncToolExecution
from projections.completions import Completion
from projections.messages import Message
from projections.threads import Thread


class SystemStats(BaseModel, frozen=True):
    """What the user has."""

    threads: int
    messages: int
    completions: dict[str, int]  # by status
    tool_executions: dict[str, int]  # of background tools, by status


@tool(effect="none")
async def get_system_stats(ctx: RunContext[AgentDeps]) -> ToolResultBase:
    """How many threads, messages, completions and background tool executions the user has."""
    threads = select(Thread.id).where(Thread.user_id == ctx.deps.user_id)
    async with ctx.deps.get_session() as session:
        stats = SystemStats(
            threads=await _count(session, threads),
            messages=await _count(
                session, select(Message.id).where(Message.thread_id.in_(threads))
            ),
            completions=await _by_status(session, Completion, threads=threads),
            tool_executions=await _by_status(session, AsyncToolExecution, threads=threads),
        )
    return completed(data=stats, message=f"{stats.threads} threads, {stats.messages} messages")


async def _count(session: AsyncSession, rows: Select[UUID]) -> int:
    return await session.scalar(select(func.count()).select_from(rows.subquery())) or 0


async def _by_status(
    session: AsyncSession,
    model: type[Completion | AsyncToolExecution],
    *,
    threads: Select[UUID],
) -> dict[str, int]:
    rows = await session.execute(
        select(model.status, func.count())
        .where(model.thread_id.in_(threads))
        .group_by(model.status)
        .order_by(model.status)
    )
    return dict(rows.all())
