"""What a replay types, and when: worked out from a thread's events, and from nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from interfaces.cli.client import StreamEvent
from interfaces.cli.printable import one_line, printable

LONGEST_PAUSE_SECONDS = 2.0  # while no answer is under way
ARGUMENT_CHARACTERS = 200


@dataclass(frozen=True)
class Step:
    """Wait so long, then write this; `dim`: what is not the answer itself."""

    pause_seconds: float
    text: str
    dim: bool = False


class Plan:
    """Takes a thread's events in order.

    Pieces come in the provider's own boundaries and times: their milliseconds count from the claim
    (`completion.started`), piece after piece. All else comes when its event was recorded. While no
    answer is under way, as between two turns or while a person is waited for, a pause is at most
    LONGEST_PAUSE_SECONDS.
    """

    def __init__(self) -> None:
        self._now: float | None = None  # seconds since 1970, where the replay has come to
        self._pause = 0.0  # since the step before
        self._pieces_at = 0.0
        self._under_way = False
        self._queued: dict[str, str] = {}
        self._typed: list[tuple[int, int]] = []  # position and characters, of this answer
        self._kind = ""

    def steps(self, event: StreamEvent) -> Iterator[Step]:
        """What this event adds."""
        data, at = event.data, _seconds(event.at)
        match event.name:
            case "thread.message_added":
                yield self._message(_text(data["parts"]), at)
            case "thread.message_queued":
                self._queued[data["message_id"]] = _text(data["parts"])
            case "thread.message_delivered":
                yield self._message(self._queued.pop(data["message_id"], ""), at)
            case "completion.started":
                self._pass(at)
                self._begin(at)
            case "completion.chunk":
                yield from self._pieces(event)
            case "completion.tool_called":
                arguments = one_line(str(data["arguments"]), characters=ARGUMENT_CHARACTERS)
                yield self._note(f"[{one_line(data['tool'], characters=80)} {arguments}]", at)
            case "completion.waiting":
                yield self._note("[waits for a person]", at)
                self._under_way = False
            case "completion.interrupted":
                yield self._note(self._interruption(data["kept_through"]), at)
                self._under_way = False
            case "completion.finished" | "completion.failed" | "completion.cancelled":
                yield from self._end(event, at)
            case _:
                pass

    def _begin(self, at: float) -> None:
        self._pieces_at = at
        self._under_way = True

    def _message(self, text: str, at: float) -> Step:
        return self._step(f"> {printable(text)}\n", at, kind="", dim=False)

    def _pieces(self, event: StreamEvent) -> Iterator[Step]:
        data, begin = event.data, 0
        for characters, milliseconds in data["deltas"]:
            self._pieces_at += milliseconds / 1000
            piece = data["text"][begin : begin + characters]
            begin += characters
            if data["kind"] != "tool_arguments":
                dim = data["kind"] == "reasoning"
                yield self._step(printable(piece), self._pieces_at, kind=data["kind"], dim=dim)
        if data["kind"] == "text":
            self._typed.append((event.position, len(data["text"])))

    def _interruption(self, kept_through: int) -> str:
        void = sum(count for position, count in self._typed if position > kept_through)
        self._typed = [typed for typed in self._typed if typed[0] <= kept_through]
        return f"[interrupted, begun again: the last {void} characters are void]"

    def _end(self, event: StreamEvent, at: float) -> Iterator[Step]:
        if event.name == "completion.failed":
            message = one_line(event.data["message"], characters=ARGUMENT_CHARACTERS)
            yield self._note(f"[failed: {message}]", at)
        elif event.name == "completion.cancelled":
            yield self._note("[stopped]", at)
        yield self._step("\n", at, kind="", dim=False)
        self._under_way = False
        self._typed = []

    def _note(self, text: str, at: float) -> Step:
        return self._step(text, at, kind="note", dim=True)

    def _step(self, text: str, at: float, *, kind: str, dim: bool) -> Step:
        new_part = bool(self._kind) and bool(kind) and kind != self._kind
        self._kind = kind
        self._pass(at)
        pause, self._pause = self._pause, 0.0
        return Step(pause, f"\n{text}" if new_part else text, dim)

    def _pass(self, at: float) -> None:
        """Go on to this moment, unless something later was typed already."""
        pause = 0.0 if self._now is None else max(at - self._now, 0.0)
        self._now = at if self._now is None else max(at, self._now)
        self._pause += pause if self._under_way else min(pause, LONGEST_PAUSE_SECONDS)


def _text(parts: list[dict[str, str]]) -> str:
    return "\n\n".join(part["content"] for part in parts)


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
