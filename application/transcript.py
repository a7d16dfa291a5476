"""What a completion has said: its committed, valid text and the step that is still open."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self, TypeVar
from uuid import UUID

from pydantic import JsonValue

from domain.completion_events import (
    Answer,
    Chunk,
    CompletionEvent,
    CompletionInterrupted,
    MessageRecorded,
    ModelRequested,
    ToolCalled,
    ToolReturned,
    Usage,
)
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded

KEPT_CHARACTERS = 32_000  # of the text, in the event that ends the completion
NEVER_RETURNED = "The run ended before this tool returned."

E = TypeVar("E")


def without_void(events: Iterable[Recorded[E]]) -> list[Recorded[E]]:
    """The events of one completion, in order, less those that an interruption made void."""
    valid: list[Recorded[E]] = []
    for recorded in events:
        event = recorded.event
        if isinstance(event, CompletionInterrupted):
            valid = [earlier for earlier in valid if earlier.position <= event.kept_through]
        valid.append(recorded)
    return valid


@dataclass(slots=True)
class _OpenStep:
    """Text of a model's response that has not been recorded as a message."""

    step: int = 0
    texts: dict[int, list[str]] = field(default_factory=dict[int, list[str]])  # by part
    run_id: str = ""
    thread_id: UUID | None = None
    at: int = 0  # microseconds since 1970

    def add(self, chunk: Chunk, recorded: Recorded[CompletionEvent]) -> None:
        self.step = chunk.step
        self.run_id = f"{recorded.stream_id}.{chunk.attempt}"
        self.thread_id = recorded.thread_id
        self.at = recorded.at
        self.texts.setdefault(chunk.part, []).append(chunk.text)

    def message(self, model: str | None) -> JsonObject:
        """The message as pydantic-ai would write it.

        Only text: interrupted reasoning has no signature, and nobody will answer its tool calls.
        """
        parts: list[JsonValue] = [
            {"part_kind": "text", "content": "".join(self.texts[part])}
            for part in sorted(self.texts)
        ]
        message: JsonObject = {
            "kind": "response",
            "parts": parts,
            "state": "interrupted",
            "timestamp": datetime.fromtimestamp(self.at / 1_000_000, UTC).isoformat(),
            "run_id": self.run_id,
        }
        if self.thread_id is not None:
            message["conversation_id"] = str(self.thread_id)
        if model is not None:
            message["model_name"] = model
        return message


class Transcript:
    """Grows with each committed event, live or from the log. It never looks at what was refused."""

    def __init__(self) -> None:
        self._head: list[str] = []
        self._head_characters = 0
        self._hash = hashlib.sha256()
        self._open = _OpenStep()
        self._calls: dict[str, ToolCalled] = {}  # without their result
        self.called: set[str] = set()  # ids of all calls
        self._model: str | None = None
        self._messages: Counter[int] = Counter()  # recorded, by attempt
        self.characters = 0
        self.answered = False  # has a response of the model been recorded?

    @classmethod
    def of(cls, events: Sequence[Recorded[CompletionEvent]]) -> Self:
        """From all events of a completion's stream."""
        transcript = cls()
        for recorded in without_void(events):
            transcript.add(recorded)
        # A tool that ran has run, whatever became of the text around it: its result is still owed.
        transcript._calls = _without_result(events)
        return transcript

    def add(self, recorded: Recorded[CompletionEvent]) -> None:
        """The next event; what an interruption makes void is only left out by `of`."""
        match event := recorded.event:
            case Chunk(kind="text"):
                self._say(event.text)
                self._open.add(event, recorded)
            case MessageRecorded():
                self._messages[event.attempt] += 1
                if event.message["kind"] == "response":
                    self._open = _OpenStep()
                    self.answered = self.answered or bool(event.message["parts"])
            case ModelRequested():
                self._model = event.model
            case ToolCalled():
                self._calls[event.tool_call_id] = event
                self.called.add(event.tool_call_id)
            case ToolReturned():
                self._calls.pop(event.tool_call_id, None)
            case _:
                pass

    def answer(self) -> Answer:
        """What an ending says of the answer, as far as the log tells."""
        return Answer(
            text="".join(self._head),
            characters=self.characters,
            sha256=self._hash.hexdigest(),
            usage=Usage(),
            model=self._model,
        )

    def messages(self, attempt: int) -> int:
        """How many messages of an attempt have been recorded."""
        return self._messages[attempt]

    def interrupted_message(self, attempt: int) -> list[MessageRecorded]:
        """The open step as a message to record with the ending; nothing when none has text."""
        if not self._open.texts:
            return []
        return [MessageRecorded(attempt, self._open.step, self._open.message(self._model))]

    def missing_results(self, attempt: int) -> list[ToolReturned]:
        """The one result of each tool call that has none, to record with the ending.

        What an attempt before this one began may have been done.
        """
        return [
            ToolReturned(
                call.tool_call_id,
                call.tool,
                "cancelled" if call.attempt == attempt else "outcome_unknown",
                NEVER_RETURNED,
            )
            for call in self._calls.values()
        ]

    def _say(self, text: str) -> None:
        self.characters += len(text)
        self._hash.update(text.encode())
        if self._head_characters < KEPT_CHARACTERS:
            kept = text[: KEPT_CHARACTERS - self._head_characters]
            self._head.append(kept)
            self._head_characters += len(kept)


def _without_result(events: Iterable[Recorded[CompletionEvent]]) -> dict[str, ToolCalled]:
    calls: dict[str, ToolCalled] = {}
    for recorded in events:
        if isinstance(recorded.event, ToolCalled):
            calls[recorded.event.tool_call_id] = recorded.event
        elif isinstance(recorded.event, ToolReturned):
            calls.pop(recorded.event.tool_call_id, None)
    return calls
