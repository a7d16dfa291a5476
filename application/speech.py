"""What a model says, piece by piece, on its way into the journal."""

from collections.abc import Mapping
from typing import Any

from pydantic_ai.messages import (
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_core import to_json

from application.answer_limit import AnswerLength
from application.call_ids import call_id
from application.journal import Journal
from application.recorder import Recorder
from domain.completion_events import ChunkKind


class Speech:
    """Of one run: text, reasoning and the arguments of tools, no more than `most_characters`."""

    def __init__(self, journal: Journal, recorder: Recorder, *, most_characters: int) -> None:
        self._journal = journal
        self._recorder = recorder
        self._length = AnswerLength(most_characters)
        self._calls: dict[int, str] = {}  # part of the present response -> its id

    @property
    def too_long(self) -> bool:
        """Is there no place for what has come?"""
        return self._length.exceeded

    def start(self, event: PartStartEvent) -> None:
        """A part begins, maybe with its first piece."""
        match event.part:
            case TextPart(content=text):
                self._say(text, event.index, kind="text")
            case ThinkingPart(content=text):
                self._say(text, event.index, kind="reasoning")
            case ToolCallPart(args=arguments, tool_call_id=call, tool_name=name):
                self._calls[event.index] = self._call_id(call)
                self._length.fitting(name)
                self._argue(arguments, event.index)
            case _:
                pass

    def go_on(self, event: PartDeltaEvent) -> None:
        """The next piece of a part."""
        match event.delta:
            case TextPartDelta(content_delta=text):
                self._say(text, event.index, kind="text")
            case ThinkingPartDelta(content_delta=text):
                if text:
                    self._say(text, event.index, kind="reasoning")
            case ToolCallPartDelta(args_delta=arguments, tool_call_id=call):
                if call is not None:
                    self._calls[event.index] = self._call_id(call)
                self._argue(arguments, event.index)
            case _:
                pass

    def _call_id(self, given: str) -> str:
        return call_id(given, used=self._journal.transcript.called, step=self._recorder.step)

    def _argue(self, arguments: str | Mapping[str, Any] | None, part: int) -> None:
        if arguments:
            text = arguments if isinstance(arguments, str) else to_json(arguments).decode()
            self._say(text, part, kind="tool_arguments")

    def _say(self, text: str, part: int, *, kind: ChunkKind) -> None:
        self._journal.chunk(
            self._length.fitting(text),
            step=self._recorder.step,
            part=part,
            kind=kind,
            tool_call_id=self._calls.get(part) if kind == "tool_arguments" else None,
        )
