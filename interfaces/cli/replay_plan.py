"""What a replay types, and when: worked out from a thread's events, and from nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from application.audit.pace import Due, Pace
from interfaces.cli.client import StreamEvent
from interfaces.cli.printable import one_line, printable

LONGEST_PAUSE_SECONDS = 2.0  # while no answer is under way
ARGUMENT_CHARACTERS = 200
SECOND = 1_000_000  # microseconds


@dataclass(frozen=True)
class Step:
    """Wait so long, then write this; `dim`: what is not the answer itself."""

    pause_seconds: float
    text: str
    dim: bool = False


class Plan:
    """Takes a thread's events in order; what is shown when, `Pace` says.

    While no answer is under way a pause is at most `longest_pause_seconds`; None: as it was.
    """

    def __init__(self, *, longest_pause_seconds: float | None = LONGEST_PAUSE_SECONDS) -> None:
        longest = None if longest_pause_seconds is None else round(longest_pause_seconds * SECOND)
        self._pace = Pace(longest_pause=longest)
        self._shown = 0  # when the step before was, microseconds
        self._queued: dict[str, str] = {}
        self._typed: list[tuple[int, int]] = []  # position and characters, of this answer
        self._kind = ""

    def steps(self, event: StreamEvent) -> Iterator[Step]:
        """What this event adds."""
        data = event.data
        match event.name:
            case "thread.message_added":
                yield self._message(_text(data["parts"]), event)
            case "thread.message_queued":
                self._queued[data["message_id"]] = _text(data["parts"])
            case "thread.message_delivered":
                yield self._message(self._queued.pop(data["message_id"], ""), event)
            case "completion.started":
                self._due(event)
            case "completion.chunk":
                yield from self._pieces(event)
            case "completion.tool_called":
                arguments = one_line(str(data["arguments"]), characters=ARGUMENT_CHARACTERS)
                yield self._note(f"[{one_line(data['tool'], characters=80)} {arguments}]", event)
            case "completion.waiting":
                yield self._note("[waits for a person]", event)
            case "completion.interrupted":
                yield self._note(self._interruption(data["kept_through"]), event)
            case "completion.finished" | "completion.failed" | "completion.cancelled":
                yield from self._end(event)
            case _:
                pass

    def _message(self, text: str, event: StreamEvent) -> Step:
        return self._step(f"> {printable(text)}\n", self._due(event), kind="", dim=False)

    def _pieces(self, event: StreamEvent) -> Iterator[Step]:
        data, begin = event.data, 0
        dues = self._pace.pieces(milliseconds for _, milliseconds in data["deltas"])
        for due, (characters, _) in zip(dues, data["deltas"], strict=True):
            piece = data["text"][begin : begin + characters]
            begin += characters
            if data["kind"] != "tool_arguments":
                dim = data["kind"] == "reasoning"
                yield self._step(printable(piece), due, kind=data["kind"], dim=dim)
        if data["kind"] == "text":
            self._typed.append((event.position, len(data["text"])))

    def _interruption(self, kept_through: int) -> str:
        void = sum(count for position, count in self._typed if position > kept_through)
        self._typed = [typed for typed in self._typed if typed[0] <= kept_through]
        return f"[interrupted, begun again: the last {void} characters are void]"

    def _end(self, event: StreamEvent) -> Iterator[Step]:
        due = self._due(event)
        if event.name == "completion.failed":
            message = one_line(event.data["message"], characters=ARGUMENT_CHARACTERS)
            yield self._step(f"[failed: {message}]", due, kind="note", dim=True)
        elif event.name == "completion.cancelled":
            yield self._step("[stopped]", due, kind="note", dim=True)
        yield self._step("\n", due, kind="", dim=False)
        self._typed = []

    def _note(self, text: str, event: StreamEvent) -> Step:
        return self._step(text, self._due(event), kind="note", dim=True)

    def _step(self, text: str, due: Due, *, kind: str, dim: bool) -> Step:
        new_part = bool(self._kind) and bool(kind) and kind != self._kind
        self._kind = kind
        pause, self._shown = due.after - self._shown, due.after
        return Step(pause / SECOND, f"\n{text}" if new_part else text, dim)

    def _due(self, event: StreamEvent) -> Due:
        return self._pace.event(event.name, _microseconds(event.at))


def _text(parts: list[dict[str, str]]) -> str:
    return "\n\n".join(part["content"] for part in parts)


def _microseconds(at: str) -> int:
    return round(datetime.fromisoformat(at).timestamp() * SECOND)
