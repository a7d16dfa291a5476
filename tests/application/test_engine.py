"""ChatEngine: an answer from its claim to its ending, in events."""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic_ai import RunContext
from pydantic_ai.exceptions import (
    ModelHTTPError,
    ModelOverloadedError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models.function import AgentInfo, DeltaThinkingPart, DeltaToolCall, FunctionModel

from application.agents import AgentDeps, AgentSpec
from domain.catalogue import Event
from domain.completion_events import (
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    MessageRecorded,
    ModelRequested,
)
from domain.thread_events import TurnEnded
from tests.application.house import House, Running, saying, until
from tests.application.memory_log import MemoryBlobs, MemoryLog

UNICODE = (
    "Zażółć ",
    "gęślą ",
    "😀",
    "\ud83d",
    "\ude00",
    " nul:\0",
    " lone:\ud83d",
    " e\u0301",
    "\n",
)
STORED = "Zażółć gęślą 😀😀 nul:\ufffd lone:\ufffd e\u0301\n"


async def never_ending(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
    yield {0: DeltaThinkingPart(content="Hm. ")}
    yield "Once upon "
    yield "a time"
    await asyncio.Event().wait()


def turn_ended(running: Running) -> TurnEnded:
    (ended,) = [
        one.event
        for one in running.house.log.stream(running.thread_id)
        if isinstance(one.event, TurnEnded) and one.event.completion_id == running.completion.id
    ]
    return ended


async def test_an_answer_is_recorded_from_the_question_to_its_end():
    running = await House(saying("Hello", " ", "world")).answer("Hi")
    assert running.names == [
        "requested",
        "started",
        "message_recorded",
        "model_requested",
        "message_recorded",
        "finished",
    ]
    question, answer = ModelMessagesTypeAdapter.validate_python(
        [recorded.message for recorded in running.of(MessageRecorded)]
    )
    assert (question.kind, answer.kind) == ("request", "response")
    assert isinstance(answer, ModelResponse)
    assert answer.text == "Hello world"
    assert answer.run_id == f"{running.completion.id}.1"
    assert answer.conversation_id == str(running.thread_id)


async def test_the_last_message_the_ending_and_the_end_of_the_turn_are_one_append():
    running = await House(saying("Hi")).answer()
    last = running.house.log.events[-3:]
    kinds = [MessageRecorded, CompletionFinished, TurnEnded]
    assert [type(one.event) for one in last] == kinds
    assert last[0].at == last[2].at
    ended = turn_ended(running)
    assert (ended.outcome, ended.answered, ended.head) == ("finished", True, running.completion.id)


async def test_the_text_of_the_ending_is_that_of_the_chunks_and_is_what_was_said():
    running = await House(saying(*UNICODE)).answer()
    said = running.said
    assert said.text == running.text() == STORED
    assert said.characters == len(STORED)
    assert said.sha256 == hashlib.sha256(STORED.encode()).hexdigest()
    assert running.of(MessageRecorded)[-1].message["parts"] == [
        {"part_kind": "text", "content": STORED}
    ]
    for chunk in running.of(Chunk):
        assert sum(count for count, _ in chunk.deltas) == len(chunk.text)


async def test_reasoning_and_arguments_are_chunks_of_their_own_and_not_part_of_the_text():
    async def look(at: str) -> str:
        return at

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        if len(messages) > 1:
            yield "Seen."
            return
        yield {0: DeltaThinkingPart(content="Let me ")}
        yield {0: DeltaThinkingPart(content="think.")}
        yield "Wait. "
        yield {2: DeltaToolCall("look", '{"at": ', tool_call_id="c1")}
        yield {2: DeltaToolCall(json_args='"x"}')}

    running = await House(model, spec=AgentSpec(tools=[look])).answer()
    assert running.text("reasoning") == "Let me think."
    assert running.text("tool_arguments") == '{"at": "x"}'
    assert running.text() == running.said.text == "Wait. Seen."
    arguments = [c for c in running.of(Chunk) if c.kind == "tool_arguments"]
    assert {(c.step, c.part, c.tool_call_id) for c in arguments} == {(1, 2, "c1")}
    assert [c.step for c in running.of(Chunk) if c.text == "Seen."] == [2]


async def test_a_request_is_durable_before_the_model_says_anything():
    durable: list[int] = []

    async def model(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
        durable.append(len(running[0].of(ModelRequested)))
        yield "Hi"

    house = House(model, log=None)
    house.log.append_seconds = 0.01
    running = [await house.begin()]
    await running[0].end()
    assert durable == [1]
    (asked,) = running[0].of(ModelRequested)
    assert (asked.attempt, asked.step, asked.model, asked.body_sha256) == (1, 1, "told", None)
    assert asked.sdk.startswith("pydantic-ai-slim 2.")


async def test_tools_and_settings_stand_in_the_request_and_secrets_do_not():
    async def look(at: str) -> str:
        """Look somewhere."""
        return at

    settings: Any = {"max_tokens": 100, "extra_headers": {"x-key": "secret"}}
    house = House(saying("Hi"), spec=AgentSpec(tools=[look], settings=settings))
    (asked,) = (await house.answer()).of(ModelRequested)
    assert asked.settings == {"max_tokens": 100}
    assert asked.tools is not None
    tools = await house.blobs.get(house.user.user_id, asked.tools)
    assert tools is not None
    assert b"Look somewhere." in tools
    (again,) = (await house.answer()).of(ModelRequested)
    assert again.tools == asked.tools


async def test_the_completion_s_model_goes_before_the_agent_s_and_that_before_the_default():
    house = House(saying("Hi"))
    await house.answer()
    named = House(saying("Hi"), spec=AgentSpec(model="agent's"))
    await named.answer()
    assert (house.resolved, named.resolved) == (["default"], ["agent's"])


# Cancelled


async def test_a_cancelled_answer_keeps_its_partial_text_and_becomes_an_interrupted_message():
    running = await House(never_ending).begin()
    await until(lambda: running.text() == "Once upon a time")
    running.house.log.stranger(running.completion.id, CancelRequested("enough"))
    await running.run.look()
    assert await running.end() == "cancelled"
    ended = running.ended
    assert isinstance(ended, CompletionCancelled)
    assert (ended.reason, ended.answer.text) == ("enough", "Once upon a time")
    message = running.of(MessageRecorded)[-1].message
    assert message["state"] == "interrupted"
    assert message["parts"] == [{"part_kind": "text", "content": "Once upon a time"}]
    assert turn_ended(running).outcome == "cancelled"
    assert turn_ended(running).answered


async def test_an_answer_cancelled_before_its_first_word_is_no_message():
    async def silent(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        await asyncio.Event().wait()
        yield ""

    running = await House(silent).begin()
    await until(lambda: running.of(ModelRequested) != [])
    running.house.log.stranger(running.completion.id, CancelRequested())
    await running.run.look()
    assert await running.end() == "cancelled"
    assert running.said.text == ""
    assert running.said.time_to_first_token_ms is None
    ended = turn_ended(running)
    assert (ended.answered, ended.head) == (False, running.completion.message_id)


async def test_what_was_cancelled_before_it_began_asks_no_model():
    house = House(saying("never"))
    completion = await house.claim(await house.ask())
    house.log.stranger(completion.id, CancelRequested("changed my mind"))
    running = Running(house, completion, run=house.engine.start(completion))
    assert await running.end() == "cancelled"
    assert running.text() == ""
    ended = running.ended
    assert isinstance(ended, CompletionCancelled)
    assert ended.reason == "changed my mind"


async def test_a_completion_known_to_be_cancelled_asks_no_model():
    house = House(saying("never"))
    completion = await house.claim(await house.ask())
    (cancel,) = house.log.stranger(completion.id, CancelRequested("too late"))
    completion = replace(
        completion, version=cancel.version, cancel_requested=True, cancel_reason="too late"
    )
    running = Running(house, completion, run=house.engine.start(completion))
    assert await running.end() == "cancelled"
    assert running.names == ["requested", "started", "cancel_requested", "cancelled"]
    assert isinstance(running.ended, CompletionCancelled)
    assert running.ended.reason == "too late"


# Failed


FAILURES = [
    (
        ModelHTTPError.for_category(ModelOverloadedError, status_code=529, model_name="m"),
        "overloaded",
    ),
    (
        ModelHTTPError.for_category(ModelRateLimitError, status_code=429, model_name="m"),
        "rate_limited",
    ),
    (ModelTimeoutError("m", "slow"), "timeout"),
    (ZeroDivisionError("the secret of our own code"), "internal"),
]


def failing(error: Exception, *pieces: str) -> Any:
    async def model(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
        for piece in pieces:
            yield piece
        raise error

    return model


@pytest.mark.parametrize(("error", "kind"), FAILURES)
async def test_a_failed_answer_keeps_everything_that_was_said(error: Exception, kind: str):
    running = await House(failing(error, "Half ", "of ", "it")).begin()
    assert await running.end() == "failed"
    ended = running.ended
    assert isinstance(ended, CompletionFailed)
    assert ended.type == kind
    assert ended.answer.text == running.text() == "Half of it"
    assert "secret" not in ended.message
    message = running.of(MessageRecorded)[-1].message
    assert (message["kind"], message["state"]) == ("response", "interrupted")
    assert turn_ended(running).outcome == "failed"
    assert turn_ended(running).answered


@pytest.mark.parametrize(("error", "kind"), FAILURES)
async def test_a_failure_before_the_first_word_is_no_message(error: Exception, kind: str):
    running = await House(failing(error)).begin()
    assert await running.end() == "failed"
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == kind
    assert running.names[-3:] == ["message_recorded", "model_requested", "failed"]
    assert not turn_ended(running).answered


async def test_a_defect_of_ours_is_logged_with_its_traceback_and_told_without(
    caplog: pytest.LogCaptureFixture,
):
    running = await House(failing(ZeroDivisionError("the secret"), "Half")).begin()
    with caplog.at_level(logging.WARNING):
        await running.end()
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.message == "Something went wrong on our side."
    assert "ZeroDivisionError: the secret" in caplog.text
    assert "Traceback" in caplog.text


async def test_a_defect_below_the_engine_is_a_visible_failure_too():
    class NoBlobs(MemoryBlobs):
        async def put(self, owner_id: UUID, content: bytes, *, media_type: str) -> str:
            raise ZeroDivisionError("no such luck")

    async def prompt(_ctx: RunContext[AgentDeps]) -> str:
        return "Be brief."

    house = House(saying("Hi"), spec=AgentSpec(system_prompt_builder=prompt), blobs=NoBlobs())
    running = await house.begin()
    assert await running.end() == "failed"
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == "internal"


async def test_an_ending_that_the_log_cannot_take_gives_way_to_one_that_it_can():
    class Picky(MemoryLog):
        def check(self, event: Event) -> None:
            if isinstance(event, CompletionFinished):
                raise ZeroDivisionError("no such ending")

    house = House(saying("Hi"), log=Picky())
    running = await house.begin()
    assert await running.end() == "failed"
    assert isinstance(running.ended, CompletionFailed)
    assert running.said.text == "Hi"


async def test_an_event_that_the_log_cannot_take_is_a_visible_failure():
    class Picky(MemoryLog):
        def check(self, event: Event) -> None:
            if isinstance(event, Chunk):
                raise ValueError("no such text")  # noqa: TRY004

    house = House(saying("Hi"), log=Picky())
    running = await house.begin()
    assert await running.end() == "failed"
    assert isinstance(running.ended, CompletionFailed)
    assert (running.ended.type, running.said.text) == ("internal", "")


async def test_an_agent_that_this_worker_does_not_know_fails_visibly():
    house = House(saying("Hi"))
    house.agents.clear()
    running = await house.answer()
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == "internal"


async def test_an_answer_that_takes_too_long_ends_as_a_timeout_with_its_text():
    running = await House(never_ending, deadline_seconds=0.5).begin()
    assert await running.end() == "failed"
    assert isinstance(running.ended, CompletionFailed)
    assert (running.ended.type, running.ended.retryable) == ("timeout", True)
    assert running.said.text == running.text()
    assert "Once upon a time".startswith(running.text())


async def test_a_model_that_never_gets_to_its_first_word_times_out_too():
    async def stuck(*_: Any) -> str:
        await asyncio.Event().wait()
        return ""

    house = House(
        saying("never"), spec=AgentSpec(system_prompt_builder=stuck), deadline_seconds=0.2
    )
    running = await house.answer()
    assert isinstance(running.ended, CompletionFailed)
    assert running.ended.type == "timeout"


# Figures


async def test_the_ending_tells_tokens_model_and_times():
    async def model(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
        await asyncio.sleep(0.05)
        yield "one two three"

    said = (await House(model).answer()).said
    assert (said.usage.requests, said.usage.output_tokens) == (1, 3)
    assert not said.usage.estimated
    assert said.model == "told"
    assert said.cost_microdollars is None
    assert said.time_to_first_token_ms is not None
    assert said.duration_ms is not None
    assert 50 <= said.time_to_first_token_ms <= said.duration_ms


async def test_the_output_of_an_interrupted_answer_is_estimated():
    running = await House(never_ending).begin()
    await until(lambda: running.text() == "Once upon a time")
    running.house.log.stranger(running.completion.id, CancelRequested())
    await running.run.look()
    await running.end()
    usage = running.said.usage
    assert usage.estimated
    assert usage.output_tokens >= len("Hm. Once upon a time") // 4


# Handed over


async def test_a_run_that_is_handed_over_ends_nothing_and_another_worker_answers():
    house = House(never_ending)
    first = await house.begin()
    await until(lambda: first.text() == "Once upon a time")
    first.run.hand_over()
    assert await first.end() == "handed_over"
    assert first.names[-1] == "model_requested"
    house.model = FunctionModel(stream_function=saying("The end."), model_name="told")
    completion = await house.claim(first.completion.id)
    second = Running(house, completion, run=house.engine.start(completion))
    assert await second.end() == "finished"
    assert second.names[4:6] == ["interrupted", "started"]
    assert second.said.text == "The end."
    assert completion.attempt == 2


async def test_a_run_can_be_handed_over_before_it_has_asked_anything():
    house = House(saying("never"))
    completion = await house.claim(await house.ask())
    house.log.go_away()
    running = Running(house, completion, run=house.engine.start(completion))
    await asyncio.sleep(0)
    running.run.hand_over()
    assert await running.end() == "handed_over"
    house.log.come_back()
    assert running.names == ["requested", "started"]
