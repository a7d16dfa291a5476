"""ChatEngine and what comes while it answers: steered messages, background tools' results."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from application.agents import AgentSpec
from application.commands.executions import load_execution
from application.commands.messages import NewMessage, PostMessage, post_message
from application.ports import StreamAppend
from application.tools import tool
from domain.catalogue import BY_TYPE
from domain.completion_events import CancelRequested, InputTaken, ToolDispatched
from domain.content import TextPart
from domain.execution_events import (
    ExecutionDispatched,
    ExecutionEvent,
    ExecutionFailed,
    ExecutionFinished,
)
from domain.ids import execution_of, uuid7
from domain.thread_events import ResultArrived, ResultDelivered, ThreadCompletionRequested
from tests.application.house import House, Running, until


class Talk:
    """A model that calls a tool once and then answers; the tool waits until it may return."""

    def __init__(self) -> None:
        self.told: list[list[ModelMessage]] = []
        self.calls = True
        self.running = asyncio.Event()
        self.release = asyncio.Event()
        self.typing: asyncio.Event | None = None

        @tool(effect="none")
        async def look() -> str:
            self.running.set()
            await self.release.wait()
            return "seen"

        self.spec = AgentSpec(tools=[look])

    async def model(self, messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        self.told.append(list(messages))
        last = messages[-1]
        assert isinstance(last, ModelRequest)
        if self.calls and not any(isinstance(part, ToolReturnPart) for part in last.parts):
            self.calls = False
            yield {0: DeltaToolCall("look", "{}", tool_call_id="c1")}
            return
        yield f"Answer {len(self.told)}"
        if self.typing is not None:
            await self.typing.wait()
        yield "."


def words(messages: list[ModelMessage]) -> list[str]:
    """What the model was told, less what it said: `s:` the system, `t:` a tool, `u:` the user."""
    said: list[str] = []
    for message in messages:
        if isinstance(message, ModelResponse):
            continue
        for part in message.parts:
            match part:
                case SystemPromptPart(content=content):
                    said.append(f"s:{_result(content)}")
                case ToolReturnPart():
                    said.append(f"t:{part.content}")
                case UserPromptPart(content=str(content)) if content.startswith("<system>"):
                    said.append(f"s:{_result(content)}")
                case UserPromptPart():
                    said.append(f"u:{part.content}")
                case _:
                    pass
    return said


def _result(content: str) -> str:
    """Without its heading."""
    return content.removesuffix("</system>").partition(" has ended. ")[2].split("\n")[-1]


async def steer(house: House, thread_id: UUID, text: str) -> UUID:
    message = NewMessage(uuid7(), (TextPart(text),))
    post = PostMessage(house.user, thread_id, message, when_busy="steer")
    await post_message(house.app, post)
    return message.id


async def dispatch(house: House, running: Running, call: str, *, continues: bool = True) -> UUID:
    """As a tool of this completion does it, after the fact."""
    execution_id = execution_of(running.completion.id, tool_call_id=call)
    dispatched = ExecutionDispatched(
        running.completion.id, call, "study", "tests:study", {}, continues=continues
    )
    owner = house.user.user_id
    await house.log.append(
        StreamAppend(execution_id, 0, [dispatched], running.thread_id, owner), actor="system"
    )
    return execution_id


async def arrive(house: House, execution_id: UUID, content: str | ExecutionEvent) -> None:
    ending = ExecutionFinished({"value": content}, content) if isinstance(content, str) else content
    execution = await load_execution(house.log, execution_id)
    assert execution is not None
    await house.app.turns.end_tool(execution, events=[ending], actor="system")


def thread_events(house: House, thread_id: UUID) -> list[str]:
    names = [BY_TYPE[type(one.event)].name for one in house.log.stream(thread_id)]
    return [name.removeprefix("thread.") for name in names]


async def follow_up(house: House, thread_id: UUID) -> Running:
    """Claim and answer what the thread has begun by itself."""
    thread = await house.threads.get(thread_id)
    assert thread.turn is not None
    completion = await house.claim(thread.turn.completion_id)
    running = Running(house, completion, run=house.engine.start(completion))
    assert await running.end() == "finished"
    return running


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def house(talk: Talk) -> House:
    return House(talk.model, spec=talk.spec)


async def test_a_steered_message_enters_the_next_request_after_the_tools_results(
    talk: Talk, house: House
):
    running = await house.begin("one")
    await talk.running.wait()
    steered = await steer(house, running.thread_id, "rather two")
    talk.release.set()
    assert await running.end() == "finished"
    assert words(talk.told[1]) == ["u:one", "t:seen", "u:rather two"]
    (taken,) = running.of(InputTaken)
    assert taken.message_ids == (steered,)
    thread = await house.threads.get(running.thread_id)
    assert thread.turn is None
    assert thread.queue == ()
    one, two, answer = thread.path_to(running.completion.id)
    assert (one, two, answer) == (running.completion.message_id, steered, running.completion.id)
    await house.answer("three", thread_id=running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "t:seen", "u:rather two", "u:three"]


async def test_what_is_steered_into_the_last_words_is_the_next_turn(talk: Talk, house: House):
    talk.calls, talk.typing = False, asyncio.Event()
    running = await house.begin("one")
    await until(lambda: running.text() == "Answer 1")
    await steer(house, running.thread_id, "two")
    talk.typing.set()
    assert await running.end() == "finished"
    second = await follow_up(house, running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "u:two"]
    assert second.of(InputTaken) == []


async def test_what_was_taken_in_before_a_crash_is_told_once_after_it(talk: Talk, house: House):
    talk.typing = asyncio.Event()
    running = await house.begin("one")
    await talk.running.wait()
    await steer(house, running.thread_id, "two")
    execution = await dispatch(house, running, "bg")
    await arrive(house, execution, "42")
    talk.release.set()
    await until(lambda: "Answer 2" in running.text())
    claimed = await house.claim(running.completion.id, lost=True)
    talk.typing.set()
    await running.run.look()
    await running.end()
    second = Running(house, claimed, run=house.engine.start(claimed))
    assert await second.end() == "finished"
    assert words(talk.told[2]) == words(talk.told[1]) == ["u:one", "t:seen", "s:42", "u:two"]
    assert len(second.of(InputTaken)) == 1
    await house.answer("three", thread_id=running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "t:seen", "s:42", "u:two", "u:three"]


async def test_what_was_taken_in_and_then_cancelled_is_told_to_the_next_question(
    talk: Talk, house: House
):
    running = await house.begin("one")
    await talk.running.wait()
    await steer(house, running.thread_id, "two")
    execution = await dispatch(house, running, "bg")
    await arrive(house, execution, "42")

    def cancel(recorded: Any) -> None:
        if any(isinstance(one.event, InputTaken) for one in recorded):
            house.log.stranger(running.completion.id, CancelRequested())
            looking.append(asyncio.ensure_future(running.run.look()))

    looking: list[asyncio.Future[None]] = []
    house.log.on_commit = cancel
    talk.release.set()
    assert await running.end() == "cancelled"
    await house.answer("three", thread_id=running.thread_id)
    said = words(talk.told[-1])
    assert sorted(said) == sorted(["u:one", "t:seen", "s:42", "u:two", "u:three"])
    assert said[-1] == "u:three"


async def test_a_result_before_the_question_stands_in_front_of_it(talk: Talk, house: House):
    talk.calls = False
    running = await house.answer("one")
    execution = await dispatch(house, running, "bg", continues=False)
    await arrive(house, execution, "42")
    second = await house.answer("two", thread_id=running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "s:42", "u:two"]
    await house.answer("three", thread_id=running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "s:42", "u:two", "u:three"]
    (delivered,) = [
        one.event
        for one in house.log.stream(running.thread_id)
        if isinstance(one.event, ResultDelivered)
    ]
    assert delivered == ResultDelivered(execution, second.completion.id)


async def test_a_result_for_an_idle_thread_begins_an_answer_by_itself(talk: Talk, house: House):
    talk.calls = False
    running = await house.answer("one")
    first, second = [await dispatch(house, running, call) for call in ("a", "b")]
    await arrive(house, first, "42")
    await arrive(house, second, ExecutionFailed("not_found", "no such thing"))
    following = await follow_up(house, running.thread_id)
    assert following.completion.message_id == running.completion.id
    told = words(talk.told[-1])
    assert told[:2] == ["u:one", "s:42"]
    assert told[2].endswith("no such thing")
    assert following.said.text == "Answer 2."
    assert thread_events(house, running.thread_id)[-6:] == [
        "result_arrived",
        "completion_requested",
        "result_arrived",
        "result_delivered",
        "result_delivered",
        "turn_ended",
    ]
    third = await house.answer("two", thread_id=running.thread_id)
    assert words(talk.told[-1]) == [*told, "u:two"]
    assert third.said.text == "Answer 3."


async def test_results_that_come_in_the_last_words_begin_one_answer_together(
    talk: Talk, house: House
):
    talk.calls, talk.typing = False, asyncio.Event()
    running = await house.begin("one")
    await until(lambda: running.text() == "Answer 1")
    for call in ("a", "b"):
        await arrive(house, await dispatch(house, running, call), f"of {call}")
    talk.typing.set()
    assert await running.end() == "finished"
    await follow_up(house, running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "s:of a", "s:of b"]
    thread = await house.threads.get(running.thread_id)
    assert thread.turn is None


async def test_a_result_that_comes_twice_is_told_once(talk: Talk, house: House):
    talk.calls = False
    running = await house.answer("one")
    execution_id = await dispatch(house, running, "a", continues=False)
    await arrive(house, execution_id, "42")
    with pytest.raises(Exception, match="is at"):
        await arrive(house, execution_id, "43")
    await house.answer("two", thread_id=running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "s:42", "u:two"]
    events = [one.event for one in house.log.stream(running.thread_id)]
    assert sum(isinstance(event, ResultArrived) for event in events) == 1


async def test_after_a_cancel_a_result_waits_for_the_user(talk: Talk, house: House):
    talk.calls, talk.typing = False, asyncio.Event()
    running = await house.begin("one")
    await until(lambda: running.text() == "Answer 1")
    execution = await dispatch(house, running, "a")
    house.log.stranger(running.completion.id, CancelRequested())
    await running.run.look()
    assert await running.end() == "cancelled"
    talk.typing = None
    await arrive(house, execution, "42")
    requested = [
        one
        for one in house.log.stream(running.thread_id)
        if isinstance(one.event, ThreadCompletionRequested)
    ]
    assert len(requested) == 1
    await house.answer("two", thread_id=running.thread_id)
    assert words(talk.told[-1]) == ["u:one", "s:42", "u:two"]


async def test_results_that_a_failed_answer_took_in_are_told_to_the_next_one(
    talk: Talk, house: House
):
    talk.calls = False
    first = await house.answer("one")
    await arrive(house, await dispatch(house, first, "a", continues=False), "42")

    async def broken(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        raise ConnectionError
        yield ""

    whole = house.model
    house.model = House(broken).model
    failed = await house.answer("two", thread_id=first.thread_id)
    assert await failed.end() == "failed"
    assert ToolDispatched not in {type(event) for event in failed.events}
    house.model = whole
    await house.answer("three", thread_id=first.thread_id)
    assert words(talk.told[-1]) == ["u:one", "u:two", "s:42", "u:three"]


async def test_what_a_failed_follow_up_took_in_is_told_by_the_next_one(talk: Talk, house: House):
    talk.calls = False
    first = await house.answer("one")
    a, b = [await dispatch(house, first, call) for call in ("a", "b")]
    await arrive(house, a, "42")

    async def broken(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        raise ConnectionError
        yield ""

    whole, house.model = house.model, House(broken).model
    thread = await house.threads.get(first.thread_id)
    assert thread.turn is not None
    completion = await house.claim(thread.turn.completion_id)
    failed = Running(house, completion, run=house.engine.start(completion))
    assert await failed.end() == "failed"
    house.model = whole
    await arrive(house, b, "43")
    await follow_up(house, first.thread_id)
    assert words(talk.told[-1]) == ["u:one", "s:42", "s:43"]


async def test_what_a_dead_attempt_took_in_survives_a_cancel_at_any_moment_of_the_next_one(
    talk: Talk, house: House
):
    talk.typing = asyncio.Event()
    running = await house.begin("one")
    await talk.running.wait()
    await steer(house, running.thread_id, "two")
    await arrive(house, await dispatch(house, running, "bg"), "42")
    talk.release.set()
    await until(lambda: "Answer 2" in running.text())
    claimed = await house.claim(running.completion.id, lost=True)
    talk.typing.set()
    await running.run.look()
    await running.end()
    for ticks in range(60):
        again = House(talk.model, spec=talk.spec)
        again.user = house.user
        again.log.events = list(house.log.events)
        second = Running(again, claimed, run=again.engine.start(claimed))
        for _ in range(ticks):
            await asyncio.sleep(0)
        if second.names[-1] != "finished":
            again.log.stranger(claimed.id, CancelRequested())
            await second.run.look()
        await second.end()
        await again.answer("three", thread_id=running.thread_id)
        assert words(talk.told[-1]) == ["u:one", "t:seen", "s:42", "u:two", "u:three"], ticks
