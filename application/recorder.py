"""The messages of one run as events, each once, exactly as pydantic-ai has them."""

from collections.abc import Sequence
from typing import cast

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
)

from application.storable import storable_json
from domain.completion_events import MessageRecorded
from domain.jsonvalue import JsonObject


class Recorder:
    """Counts what has been recorded: a run's messages only ever grow at the end."""

    def __init__(self, *, run_id: str, attempt: int) -> None:
        self._run_id = run_id
        self._attempt = attempt
        self._count = 0
        self._steps_before = 0
        self.step = 0  # how many requests have been recorded

    def begin_after(self, steps: int) -> None:
        """So many requests of earlier attempts count."""
        self._steps_before = self.step = steps

    def own(self, messages: Sequence[ModelMessage]) -> list[ModelMessage]:
        """Those that this run has added to its history."""
        return [message for message in messages if message.run_id == self._run_id]

    def record(self, messages: Sequence[ModelMessage]) -> list[MessageRecorded]:
        """The events for what is new in the run's whole history, once."""
        events = self.beyond(self._count, messages)
        if events:
            self._count += len(events)
            self.step = events[-1].step
        return events

    def beyond(self, count: int, messages: Sequence[ModelMessage]) -> list[MessageRecorded]:
        """The events for all but the first `count`, without taking them for recorded."""
        step, events = self._steps_before, list[MessageRecorded]()
        for index, message in enumerate(self.own(messages)):
            step += isinstance(message, ModelRequest)
            if index >= count:
                events.append(MessageRecorded(self._attempt, step, _stored(message)))
        return events


def storable_response(response: ModelResponse) -> ModelResponse:
    """The same response, or one whose text can be stored, and so sent back to the provider."""
    dumped, stored = _dumped(response), _stored(response)
    if dumped == stored:
        return response
    (kept,) = ModelMessagesTypeAdapter.validate_python([stored])
    assert isinstance(kept, ModelResponse)
    return kept


def _stored(message: ModelMessage) -> JsonObject:
    return cast("JsonObject", storable_json(_dumped(message)))


def _dumped(message: ModelMessage) -> JsonObject:
    (dumped,) = ModelMessagesTypeAdapter.dump_python([message], mode="json", exclude_none=True)
    return dumped
