"""What is under way in a thread since a person's question, as its events tell."""

from dataclasses import dataclass, field

from interfaces.cli.client import Json, StreamEvent

ENDINGS = ("completion.finished", "completion.failed", "completion.cancelled")


@dataclass
class Turn:
    """A question's answer, its background tools, and the answers that follow by themselves."""

    answering: str | None  # a completion's id
    ended: str = ""  # the name of the event that ended the last answer
    tools: dict[str, str] = field(default_factory=dict[str, str])  # execution -> tool, at work
    calls: dict[str, Json] = field(default_factory=dict[str, Json])  # by the call's id
    may_go_on: bool = False  # may another answer follow by itself?

    def learn(self, event: StreamEvent) -> None:
        """One event of the thread, in order."""
        data, ours = event.data, event.completion_id == self.answering
        match event.name:
            case "completion.tool_called" if ours:
                self.calls[data["tool_call_id"]] = data
            case "completion.tool_dispatched" if ours:
                self.tools[data["execution_id"]] = data["tool"]
                self.may_go_on = True
            case "tool.awaited":  # from outside: that may take days
                self.tools.pop(str(event.execution_id), None)
            case "thread.result_arrived":
                self.tools.pop(data["execution_id"], None)
            case "thread.completion_requested" if self.answering is None:
                self.answering = data["completion_id"]
            case name if name in ENDINGS and ours:
                self.answering, self.ended = None, name
            case _:
                pass

    @property
    def idle(self) -> bool:
        """Is nobody answering, and no background tool at work?"""
        return self.answering is None and not self.tools
