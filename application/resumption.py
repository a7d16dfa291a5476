"""What earlier attempts have done of an answer, so that it is not done again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from pydantic_ai import DeferredToolResults, ToolDenied, ToolFailed, ToolReturn
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ToolReturnPart,
)

from application.history import recorded_message
from application.ports import AnyRecorded
from application.storable import storable
from application.tool_options import ToolOptions
from application.tool_results import STARTED
from application.transcript import without_void
from domain.completion_events import (
    ApprovalAnswered,
    InputTaken,
    MessageRecorded,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
)
from domain.jsonvalue import JsonObject

UNKNOWN = (
    "It is not known whether this tool has done its work: the process that ran it went away. "
    "Assume neither. Find out, or ask the user, before it is done again."
)
DENIED = "The user did not allow this tool to run."


@dataclass(frozen=True)
class Resumption:
    """Where an attempt goes on from: after the last response whose tools were called.

    Each call of that response is in one of `returned`, `lost`, `denied`, `unasked` and `open`.
    """

    messages: list[ModelMessage] = field(default_factory=list[ModelMessage])  # without instructions
    positions: tuple[int, ...] = ()
    returned: Mapping[str, ToolReturned] = field(default_factory=dict[str, ToolReturned])
    lost: tuple[ToolReturned, ...] = ()  # to be recorded: what is known of calls that were begun
    denied: Mapping[str, str] = field(
        default_factory=dict[str, str]
    )  # call -> what the model reads
    unasked: frozenset[str] = frozenset()  # nobody has been asked for an approval yet
    open: frozenset[str] = frozenset()  # these run now
    taken: tuple[InputTaken, ...] = ()  # what no request that counts has told

    @property
    def deferred(self) -> DeferredToolResults | None:
        """What pydantic-ai goes on with."""
        if not self.messages:
            return None
        results = DeferredToolResults()
        known = {call: one for call, one in self.results.items() if call not in self.denied}
        results.calls.update({call: _value(one) for call, one in known.items()})
        results.approvals.update({call: ToolDenied(why) for call, why in self.denied.items()})
        results.approvals.update(dict.fromkeys(self.open | self.unasked, True))
        return results

    @property
    def steps(self) -> int:
        """How many requests to the model have been made that count."""
        return sum(isinstance(message, ModelRequest) for message in self.messages)

    @property
    def results(self) -> Mapping[str, ToolReturned]:
        """By call: what is in the log already, or goes there with `lost`."""
        return {**self.returned, **{one.tool_call_id: one for one in self.lost}}

    def restored(self, parts: Sequence[ModelRequestPart]) -> list[ModelRequestPart]:
        """A request's parts, of which earlier results say again what people are shown of them."""
        results = self.results
        return [
            replace(part, metadata=_for_people(results[part.tool_call_id]))
            if isinstance(part, ToolReturnPart) and part.tool_call_id in results
            else part
            for part in parts
        ]


def resume(events: Sequence[AnyRecorded], *, options: Callable[[str], ToolOptions]) -> Resumption:
    """From all events of a completion's stream up to the present claim."""
    valid = without_void(events)
    recorded = [one for one in valid if isinstance(one.event, MessageRecorded)]
    messages = [recorded_message(cast("MessageRecorded", one.event)) for one in recorded]
    last = messages[-1] if messages else None
    if not isinstance(last, ModelResponse) or not last.tool_calls:
        return Resumption(taken=_taken(valid))
    after = [one for one in valid if one.position > recorded[-1].position]
    calls = _Calls(after, options=options)
    for part in last.tool_calls:
        calls.sort(storable(part.tool_call_id), tool=part.tool_name)
    return Resumption(
        messages=messages,
        positions=tuple(one.position for one in recorded),
        returned=calls.returned,
        lost=tuple(calls.lost),
        denied=calls.denied,
        unasked=frozenset(calls.unasked),
        open=frozenset(calls.open),
        taken=_taken(after),
    )


class _Calls:
    """What has come of the calls of one response, by what followed on it."""

    def __init__(
        self, events: Sequence[AnyRecorded], *, options: Callable[[str], ToolOptions]
    ) -> None:
        self._options = options
        self._answers: dict[str, ApprovalAnswered] = {}
        self._begun: set[str] = set()  # called since the last answer about it
        self._dispatched: set[str] = set()
        self.returned: dict[str, ToolReturned] = {}
        self.denied: dict[str, str] = {}
        self.unasked: set[str] = set()
        self.lost: list[ToolReturned] = []
        self.open: set[str] = set()
        for one in events:
            self._learn(one)

    def sort(self, call: str, *, tool: str) -> None:
        """Put it where it belongs."""
        options, answer = self._options(tool), self._answers.get(call)
        if answer is not None and not answer.approved:
            self.denied[call] = f"{DENIED} {answer.reason or ''}".strip()
        elif call in self.returned:
            return
        elif answer is None and options.requires_approval:
            self.unasked.add(call)
        elif call in self._dispatched:
            self.lost.append(ToolReturned(call, tool, "pending", STARTED))
        elif call in self._begun and options.effect == "once":
            self.lost.append(ToolReturned(call, tool, "outcome_unknown", UNKNOWN))
        else:
            self.open.add(call)

    def _learn(self, recorded: AnyRecorded) -> None:
        match event := recorded.event:
            case ToolCalled(tool_call_id=call):
                self._begun.add(call)
            case ToolDispatched(tool_call_id=call):
                self._dispatched.add(call)
            case ToolReturned(tool_call_id=call):
                self.returned[call] = event
            case ApprovalAnswered(tool_call_id=call):
                self._answers[call] = event
                self._begun.discard(call)
            case _:
                pass


def _taken(events: Sequence[AnyRecorded]) -> tuple[InputTaken, ...]:
    return tuple(one.event for one in events if isinstance(one.event, InputTaken))


def _value(returned: ToolReturned) -> ToolReturn | ToolFailed:
    """As if the tool had returned it just now."""
    if returned.outcome in ("completed", "pending"):
        return ToolReturn(return_value=returned.content)
    return ToolFailed(returned.content)


def _for_people(returned: ToolReturned) -> JsonObject:
    said: JsonObject = {"status": returned.outcome}
    if returned.message is not None:
        said["message"] = returned.message
    if returned.code is not None:
        said["code"] = returned.code
    return said
