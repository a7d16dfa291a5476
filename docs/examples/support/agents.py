"""The agents of a shop."""

from pydantic_ai import RunContext

from application.agents import AgentDeps, AgentSpec

from .calls import call_customer
from .orders import find_order
from .refunds import refund
from .reports import report_orders


async def build_system_prompt(ctx: RunContext[AgentDeps]) -> str:
    return "You help the customers of a shop with their orders. Be brief."


support = AgentSpec(
    system_prompt_builder=build_system_prompt,
    tools=[find_order, report_orders, refund, call_customer],
)
