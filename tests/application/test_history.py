"""The history: what a model is told of a conversation is rebuilt from the log alone."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from pydantic_ai import RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ToolReturnPart,
    UserPromptPart,
    repair_messages,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from application.agents import AgentDeps, AgentSpec
from application.ports import StreamAppend
from domain.completion_events import CancelRequested, MessageRecorded, ModelRequested
from domain.ids import uuid7
from domain.thread_events import MessageAdded, ThreadCompletionRequested
from tests.application.house import House, Running, saying, until


async def echo(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
    """A model that answers each question with its words in capitals."""
    yield f"{prompts(messages)[-1].upper()}!"


def prompts(messages: Sequence[ModelMessage]) -> list[str]:
    return [
        str(part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]


def talk(messages: Sequence[ModelMessage]) -> list[str]:
    """Who said what, in order."""
    said: list[str] = []
    for message in messages:
        said += prompts([message])
        if isinstance(message, ModelResponse):
            said.append(message.text or "")
    return said


async def told(house: House, running: Running) -> list[str]:
    """What the model was told before the message that this run answers."""
    history = await house.history(running.thread_id, running.completion.message_id)
    assert repair_messages(history.messages) == history.messages
    return [*talk(history.messages), history.prompt]


async def test_a_conversation_is_told_in_full_and_in_order():
    house = House(echo)
    first = await house.answer("one")
    second = await house.answer("two", thread_id=first.thread_id)
    third = await house.answer("three", thread_id=first.thread_id)
    assert await told(house, first) == ["one"]
    assert await told(house, second) == ["one", "ONE!", "two"]
    assert await told(house, third) == ["one", "ONE!", "two", "TWO!", "three"]


async def test_its_positions_name_the_events_that_it_comes_from():
    house = House(echo)
    first = await house.answer("one")
    second = await house.answer("two", thread_id=first.thread_id)
    (asked,) = second.of(ModelRequested)
    recorded = [one for one in house.log.events if isinstance(one.event, MessageRecorded)]
    assert asked.messages == tuple(one.position for one in recorded[:2])


async def test_the_messages_are_exactly_those_that_pydantic_ai_had():
    seen: list[list[ModelMessage]] = []

    async def look(_ctx: RunContext[AgentDeps], at: str) -> dict[str, Any]:
        return {"at": at, "nothing": None}

    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        seen.append(list(messages))
        if len(messages) == 1:
            yield "Wait. "
            yield {1: DeltaToolCall("look", '{"at": "x"}', tool_call_id="c1")}
            yield {2: DeltaToolCall("look", '{"at": 7}', tool_call_id="c2")}
        else:
            yield "Done."

    house = House(model, spec=AgentSpec(tools=[look]))
    first = await house.answer("one")
    second = await house.answer("two", thread_id=first.thread_id)
    history = await house.history(second.thread_id, second.completion.message_id)
    dumped = ModelMessagesTypeAdapter.dump_python(seen[-1][:-1], mode="json")
    assert ModelMessagesTypeAdapter.dump_python(history.messages, mode="json") == dumped
    returns = [p for m in history.messages for p in m.parts if isinstance(p, ToolReturnPart)]
    assert [part.outcome for part in returns] == ["success", "retried"]
    assert returns[0].content == '{"at":"x","nothing":null}'


async def test_instructions_come_from_the_agent_in_every_turn_and_never_from_the_history():
    told_in: list[tuple[str | None, list[str | None]]] = []

    async def prompt(_ctx: RunContext[AgentDeps]) -> str:
        return f"Be brief ({len(told_in)})."

    async def model(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        old = [m.instructions for m in messages[:-1] if isinstance(m, ModelRequest)]
        told_in.append((info.instructions, old))
        yield "Yes."

    house = House(model, spec=AgentSpec(system_prompt_builder=prompt))
    first = await house.answer("one")
    second = await house.answer("two", thread_id=first.thread_id)
    assert told_in == [("Be brief (0).", []), ("Be brief (1).", [None])]
    assert first.of(MessageRecorded)[0].message["instructions"] == "Be brief (0)."
    (asked,) = second.of(ModelRequested)
    assert asked.instructions is not None
    kept = await house.blobs.get(house.user.user_id, asked.instructions)
    assert kept == b"Be brief (1)."


async def test_each_branch_of_the_tree_is_told_by_itself():
    house = House(echo)
    first = await house.answer("one")
    left = await house.answer("left", thread_id=first.thread_id)
    answer = first.completion.id
    right_id = await house.ask("right", thread_id=first.thread_id, parent_id=answer)
    completion = await house.claim(right_id)
    right = Running(house, completion, run=house.engine.start(completion))
    await right.end()
    last = await house.answer("last", thread_id=first.thread_id)
    assert await told(house, left) == ["one", "ONE!", "left"]
    assert await told(house, right) == ["one", "ONE!", "right"]
    assert await told(house, last) == ["one", "ONE!", "right", "RIGHT!", "last"]


async def test_another_answer_to_the_same_question_is_told_neither_itself_nor_the_first_one():
    house = House(echo)
    first = await house.answer("one")
    again = await _ask_again(house, first)
    assert await told(house, again) == ["one"]
    later = await house.answer("two", thread_id=first.thread_id)
    assert await told(house, later) == ["one", "ONE!", "two"]


async def _ask_again(house: House, first: Running) -> Running:
    """A second completion for the same message, as regenerating it will append it."""
    thread = await house.threads.get(first.thread_id)
    second, owner = uuid7(), house.user.user_id
    asked = first.house.log.stream(first.completion.id)[0].event
    turn = ThreadCompletionRequested(second, first.completion.message_id)
    await house.log.append(
        StreamAppend(thread.id, thread.version, [turn], thread.id, owner),
        StreamAppend(second, 0, [asked], thread.id, owner),
        actor="user",
    )
    completion = await house.claim(second)
    running = Running(house, completion, run=house.engine.start(completion))
    await running.end()
    return running


async def test_a_question_that_was_never_answered_stands_for_itself():
    house = House(echo)
    completion_id = await house.ask("unanswered")
    thread_id = house.log.events[0].stream_id
    house.log.stranger(completion_id, CancelRequested())
    assert await house.try_to_claim(completion_id, lost=False) is None
    second = await house.answer("two", thread_id=thread_id)
    assert await told(house, second) == ["unanswered", "two"]
    (asked,) = second.of(ModelRequested)
    added = [one for one in house.log.events if isinstance(one.event, MessageAdded)]
    assert asked.messages == (added[0].position,)


async def test_a_cancelled_answer_is_told_as_far_as_it_went():
    async def model(messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[str]:
        yield "It is "
        if len(messages) == 1:
            await until(lambda: False)
        yield "four."

    house = House(model)
    first = await house.begin("two and two?")
    await until(lambda: first.text() == "It is ")
    house.log.stranger(first.completion.id, CancelRequested())
    await first.run.look()
    assert await first.end() == "cancelled"
    second = await house.answer("go on", thread_id=first.thread_id)
    assert await told(house, second) == ["two and two?", "It is ", "go on"]
    assert second.said.text == "It is four."


async def test_what_a_lost_worker_said_is_told_to_nobody():
    house = House(saying("first try"))
    completion = await house.claim(await house.ask("one"))
    lost = Running(house, completion, run=house.engine.start(completion))
    await until(lambda: lost.text() == "first try")
    lost.run.hand_over()
    await lost.end()
    taken_over = await house.claim(completion.id, lost=True)
    again = Running(house, taken_over, run=house.engine.start(taken_over))
    assert await again.end() == "finished"
    second = await house.answer("two", thread_id=again.thread_id)
    assert await told(house, second) == ["one", "first try", "two"]


async def test_a_queued_question_brings_its_own_text():
    house = House(echo)
    first = await house.begin("one")
    waiting = await house.ask("queued", thread_id=first.thread_id)
    await first.end()
    completion = await house.claim(waiting)
    second = Running(house, completion, run=house.engine.start(completion))
    await second.end()
    assert await told(house, second) == ["one", "ONE!", "queued"]


async def test_a_history_that_no_log_ever_knew_is_empty():
    house = House(echo)
    running = await house.answer("one")
    history = await house.history(running.thread_id, running.completion.message_id)
    assert (history.messages, history.positions, history.prompt) == ([], (), "one")
    assert isinstance(running.completion.message_id, UUID)
