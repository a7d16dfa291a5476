"""An inline tool: it looks up an order."""

from pydantic import BaseModel

from application.tool_results import ToolResultBase, completed, not_found_error
from application.tools import tool


class Order(BaseModel, frozen=True):
    number: int
    item: str
    price: float


ORDERS = {
    7: Order(number=7, item="a lamp", price=30.0),
    8: Order(number=8, item="a chair", price=45.5),
}


@tool(effect="none", timeout_seconds=5)
async def find_order(number: int) -> ToolResultBase:
    """Find an order by its number."""
    if number not in ORDERS:
        return not_found_error(f"There is no order {number}.")
    return completed(ORDERS[number], f"Found order {number}")
