"""The box of a tool's call, whose id a model provider chooses as it likes."""

import re
from uuid import UUID

from interfaces.admin.conversation.tool_box import ToolBox

CALLS = [
    "call_1",
    "a",
    "a-state",
    "a-state-state",
    "",
    " ",
    "a b",
    "é",
    "<b>",
    '"',
    "\n",
    "x" * 500,
]


def test_no_two_calls_have_one_element_and_each_id_can_be_selected() -> None:
    boxes = [ToolBox(UUID(int=1), call, "look").element_id for call in CALLS]
    ids = [*boxes, *(f"{box}-state" for box in boxes)]  # the heads of the boxes
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"tool-[A-Za-z0-9_-]{1,150}", one) for one in ids)
