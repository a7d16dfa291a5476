"""Groups of event names, as people look for them."""

from typing import Literal, TypeAlias

from domain.catalogue import CHUNK

Group: TypeAlias = Literal["messages", "answers", "text", "models", "tools", "other"]

LABELS: dict[Group, str] = {
    "messages": "Messages and turns",
    "answers": "Answers",
    "text": "Text as it came",
    "models": "Requests to models",
    "tools": "Tools",
    "other": "Other",
}
_BY_NAME: dict[str, Group] = {
    CHUNK: "text",
    "completion.model_requested": "models",
    "completion.message_recorded": "models",
    "completion.tool_called": "tools",
    "completion.tool_returned": "tools",
    "completion.tool_dispatched": "tools",
    "completion.waiting": "tools",
    "completion.approval_answered": "tools",
}
_BY_SUBJECT: dict[str, Group] = {"thread": "messages", "completion": "answers", "tool": "tools"}


def group_of(name: str) -> Group:
    """Of any name that may be in a log."""
    return _BY_NAME.get(name) or _BY_SUBJECT.get(name.partition(".")[0], "other")
