"""A tool whose result comes from outside: a colleague calls the customer."""

import asyncio
import json
import os
from pathlib import Path

from pydantic_ai import RunContext

from application.agents import AgentDeps
from application.executions.dispatch import create_async_tool_execution
from application.tool_results import ToolResultBase, pending
from application.tools import tool


def write_ticket(name: str, ticket: dict[str, str | None]) -> None:
    file = Path(os.environ["SUPPORT_TICKETS"]) / f"{name}.json"
    file.write_text(json.dumps(ticket), encoding="utf-8")


@tool(effect="idempotent")
async def call_customer(ctx: RunContext[AgentDeps], question: str) -> ToolResultBase:
    """Let a colleague ask the customer by telephone. The answer comes later."""
    execution = await create_async_tool_execution(
        ctx, None, timeout_seconds=86_400, question=question
    )
    ticket = {"question": question, "id": str(execution.id), "token": execution.result_token}
    await asyncio.to_thread(write_ticket, str(execution.id), ticket)
    return pending("A colleague will call", execution=execution)
