"""A tool with an effect, which runs once a person has agreed."""

from uuid import UUID

from pydantic_ai import RunContext

from application.agents import AgentDeps
from application.tool_results import ToolResultBase, completed, not_found_error
from application.tools import idempotency_key, tool

from .orders import ORDERS

PAID: dict[UUID, float] = {}  # stands for a bank, which pays once for each key


@tool(effect="idempotent", requires_approval=True)
async def refund(ctx: RunContext[AgentDeps], number: int) -> ToolResultBase:
    """Pay the price of an order back."""
    if number not in ORDERS:
        return not_found_error(f"There is no order {number}.")
    paid = PAID.setdefault(idempotency_key(ctx), ORDERS[number].price)
    return completed({"paid_back": paid}, f"{paid:.2f} paid back for order {number}")
