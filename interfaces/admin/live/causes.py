"""What happened, in the words of the stream's events; of several things that which counts most."""

from collections.abc import Iterable, Mapping

from domain import completion_events as completion
from domain import execution_events as execution
from domain.catalogue import Event
from interfaces.admin.live.names import EventName

_NAMES: Mapping[type[Event], EventName] = {
    completion.CompletionFailed: "failed",
    completion.CompletionCancelled: "cancelled",
    completion.CompletionFinished: "completed",
    execution.ExecutionFailed: "tool-failed",
    execution.ExecutionTimedOut: "tool-failed",
    execution.ExecutionCancelled: "tool-failed",
    execution.ExecutionFinished: "tool-completed",
    execution.ExecutionStarted: "tool-started",
    completion.ToolCalled: "tool-started",
}
_RANK: Mapping[EventName, int] = {
    name: rank for rank, name in enumerate((*_NAMES.values(), "swap"))
}


def cause_of(events: Iterable[Event]) -> EventName:
    """The name of the swap that shows these."""
    found: EventName = "swap"
    for event in events:
        name = _name(event)
        if name is not None and _RANK[name] < _RANK[found]:
            found = name
    return found


def _name(event: Event) -> EventName | None:
    if isinstance(event, completion.ToolReturned):
        if event.outcome == "pending":
            return None  # it goes on in the background
        return "tool-completed" if event.outcome == "completed" else "tool-failed"
    return _NAMES.get(type(event))
