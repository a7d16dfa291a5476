"""The words in which pages say how a tool stands and why an answer failed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from domain.completion_events import CompletionFailed, FailureType
from interfaces.admin.conversation.tool_box import ToolBox, ToolState


class Failure(NamedTuple):
    """What happened, and what to do about it."""

    title: str
    advice: str


_FAILURES: Mapping[FailureType, Failure] = MappingProxyType(
    {
        "rate_limited": Failure(
            "Too many requests", "Wait a minute and ask again, or pick another agent."
        ),
        "overloaded": Failure(
            "The model is not available", "Wait a minute and ask again, or pick another agent."
        ),
        "timeout": Failure("It took too long", "Ask again, or ask for less at once."),
        "rejected": Failure(
            "The model provider refused", "Ask in other words, or pick another agent."
        ),
        "context_too_long": Failure(
            "The conversation is too long",
            "Start a new one, or pick an agent whose model reads more.",
        ),
        "authentication": Failure(
            "The model provider does not know us",
            "Ask whoever runs this system to check the provider's key.",
        ),
        "internal": Failure(
            "This is our mistake", "Ask again. If it happens again, tell whoever runs this system."
        ),
        "worker_lost": Failure("The answer was lost", "Ask again: another worker will answer."),
    }
)
_STATES: Mapping[ToolState, str] = MappingProxyType(
    {
        "running": "Running",
        "waiting": "Needs your decision",
        "pending": "Waits for a worker",
        "completed": "Completed",
        "failed": "Failed",
        "cancelled": "Cancelled",
        "timed_out": "Timed out",
        "error": "Error",
    }
)


def failure_of(error: CompletionFailed) -> Failure:
    """Of an answer."""
    return _FAILURES[error.type]


def tool_word(box: ToolBox, *, may_decide: bool) -> str:
    """How it stands, to somebody who may or may not decide whether it runs."""
    if box.state == "waiting" and not may_decide:
        return "Needs a decision"
    if box.stop_asked and box.may_be_stopped:
        return "Stopping"
    if box.is_outside and box.may_be_stopped:
        return "Waits for a result from outside"
    if box.execution == "running":
        return "Running in the background"
    if box.decision is not None and not box.decision.approved and box.state == "error":
        return "Denied"
    if box.outcome == "outcome_unknown" and box.execution is None:
        return "Outcome unknown"
    return _STATES[box.state]
