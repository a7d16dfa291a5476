"""The transcript: what an ending says of an answer, folded from what is committed."""

import hashlib
from itertools import count
from uuid import UUID

from pydantic import JsonValue
from pydantic_ai.messages import ModelMessagesTypeAdapter, ModelResponse, TextPart

from application.transcript import Transcript
from domain.completion_events import (
    Chunk,
    ChunkKind,
    CompletionEvent,
    CompletionInterrupted,
    CompletionStarted,
    MessageRecorded,
    ModelRequested,
    ToolCalled,
    ToolReturned,
)
from domain.ids import uuid7
from domain.recorded import Recorded

COMPLETION, THREAD, WORKER = uuid7(), uuid7(), uuid7()
AT = 1_790_000_000_000_000


def log(*events: CompletionEvent) -> list[Recorded[CompletionEvent]]:
    """One stream of a log, at the positions 10, 20, 30 …"""
    versions = count(1)
    return [_recorded(event, next(versions)) for event in events]


def _recorded(event: CompletionEvent, version: int) -> Recorded[CompletionEvent]:
    place: tuple[UUID, int, int] = (COMPLETION, version, version * 10)
    return Recorded(event, *place, AT, "worker", None, THREAD, uuid7())


def chunk(text: str, *, part: int = 0, step: int = 1, kind: ChunkKind = "text") -> Chunk:
    return Chunk(1, step, part, kind, text, ((len(text), 0),))


def response(text: str, *, step: int = 1) -> MessageRecorded:
    parts: list[JsonValue] = [{"part_kind": "text", "content": text}] if text else []
    return MessageRecorded(1, step, {"kind": "response", "parts": parts})


def asked(step: int = 1) -> ModelRequested:
    return ModelRequested(1, step, "told", {}, None, None, (), "sdk")


def called(call: str, *, attempt: int = 1) -> ToolCalled:
    return ToolCalled(attempt, 1, call, "look", {})


def test_the_answer_is_all_text_of_all_steps_and_nothing_else():
    events = log(
        asked(),
        chunk("hm", kind="reasoning"),
        chunk("Let me ", part=1),
        chunk("look. ", part=1),
        chunk('{"q":1}', part=2, kind="tool_arguments"),
        response("Let me look. "),
        asked(step=2),
        chunk("It is 3.", step=2),
    )
    answer = Transcript.of(events).answer()
    assert answer.text == "Let me look. It is 3."
    assert answer.characters == 21
    assert answer.sha256 == hashlib.sha256(b"Let me look. It is 3.").hexdigest()
    assert answer.model == "told"


def test_a_long_answer_is_cut_for_clients_and_hashed_whole():
    text = "é" * 31_990 + "0123456789" + "more"
    answer = Transcript.of(log(chunk(text[:100]), chunk(text[100:]))).answer()
    assert answer.text == text[:32_000]
    assert answer.characters == 32_004
    assert answer.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_open_step_becomes_an_interrupted_message_as_pydantic_ai_writes_it():
    events = log(
        asked(),
        chunk("hm", kind="reasoning"),
        chunk("Hel", part=1),
        chunk("lo", part=1),
        chunk("there", part=2),
        chunk('{"half', part=3, kind="tool_arguments"),
    )
    (recorded,) = Transcript.of(events).interrupted_message(1)
    (message,) = ModelMessagesTypeAdapter.validate_python([recorded.message])
    assert isinstance(message, ModelResponse)
    assert message.state == "interrupted"
    assert message.parts == [TextPart("Hello"), TextPart("there")]
    assert (message.run_id, message.conversation_id) == (f"{COMPLETION}.1", str(THREAD))
    assert message.model_name == "told"
    assert message.timestamp.timestamp() * 1_000_000 == AT


def test_a_recorded_step_is_not_open():
    transcript = Transcript.of(log(asked(), chunk("Hello"), response("Hello")))
    assert transcript.interrupted_message(1) == []
    assert transcript.answered


def test_reasoning_alone_is_no_message():
    transcript = Transcript.of(log(asked(), chunk("hm", kind="reasoning")))
    assert transcript.interrupted_message(1) == []
    assert not transcript.answered


def test_a_response_without_parts_is_no_answer():
    assert not Transcript.of(log(asked(), response(""))).answered


def test_what_an_interruption_made_void_was_never_said():
    kept = log(asked(), chunk("kept "), response("kept "))
    events = log(
        *(one.event for one in kept),
        asked(step=2),
        chunk("void", step=2),
        CompletionInterrupted(1, kept_through=kept[-1].position, reason="worker_lost"),
        CompletionStarted(2, WORKER),
        chunk("new", step=2),
    )
    transcript = Transcript.of(events)
    assert transcript.answer().text == "kept new"
    (recorded,) = transcript.interrupted_message(2)
    assert recorded.message["parts"] == [{"part_kind": "text", "content": "new"}]


def test_an_attempt_that_was_wholly_void_has_not_answered():
    events = log(
        asked(),
        chunk("void"),
        response("void"),
        CompletionInterrupted(1, kept_through=0, reason="worker_lost"),
        CompletionStarted(2, WORKER),
    )
    transcript = Transcript.of(events)
    assert transcript.answer().text == ""
    assert not transcript.answered
    assert transcript.interrupted_message(2) == []


def test_each_call_without_a_result_is_owed_one_also_those_of_a_lost_attempt():
    events = log(
        called("lost", attempt=1),
        called("done", attempt=1),
        ToolReturned("done", "look", "completed", "3"),
        CompletionInterrupted(1, kept_through=0, reason="worker_lost"),
        CompletionStarted(2, WORKER),
        called("open", attempt=2),
    )
    missing = Transcript.of(events).missing_results(2)
    assert [(one.tool_call_id, one.outcome) for one in missing] == [
        ("lost", "outcome_unknown"),
        ("open", "cancelled"),
    ]


def test_live_and_from_the_log_it_is_the_same():
    events = log(asked(), chunk("Hel"), called("a"), chunk("lo", part=1), response("Hello"))
    live = Transcript()
    for length, recorded in enumerate(events, start=1):
        live.add(recorded)
        whole = Transcript.of(events[:length])
        assert live.answer() == whole.answer()
        assert live.interrupted_message(1) == whole.interrupted_message(1)
        assert live.missing_results(1) == whole.missing_results(1)
        assert live.answered == whole.answered
