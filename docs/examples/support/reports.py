"""A background tool: it adds up all orders, and says how far it is."""

from pydantic import BaseModel
from pydantic_ai import RunContext
from taskiq import async_shared_broker

from application.agents import AgentDeps
from application.executions.dispatch import create_async_tool_execution
from application.executions.lifecycle import with_async_tool_lifecycle
from application.executions.tool_execution import ToolExecution
from application.tool_results import ToolResultBase, pending
from application.tools import tool

from .orders import ORDERS


class Report(BaseModel, frozen=True):
    orders: int
    total: float

    def format_message(self) -> str:
        return f"{self.orders} orders added up"

    def format_content_parts(self) -> list[dict[str, str]]:
        return [{"type": "text", "text": f"{self.orders} orders, {self.total:.2f} in all."}]


@async_shared_broker.task
@with_async_tool_lifecycle(timeout_seconds=60, retries=2)
async def report_orders_task(execution: ToolExecution, cheapest: float = 0.0) -> Report:
    chosen: list[float] = []
    for done, order in enumerate(ORDERS.values(), start=1):
        if order.price >= cheapest:
            chosen.append(order.price)
        await execution.progress(done / len(ORDERS), f"order {order.number}")
    return Report(orders=len(chosen), total=sum(chosen))


@tool(effect="idempotent")
async def report_orders(ctx: RunContext[AgentDeps], cheapest: float = 0.0) -> ToolResultBase:
    """Add up all orders that cost at least so much. The result comes later."""
    execution = await create_async_tool_execution(ctx, report_orders_task, cheapest=cheapest)
    await report_orders_task.kiq(execution.id)
    return pending("The report is being written", execution=execution)
