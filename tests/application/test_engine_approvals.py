"""ChatEngine and tools that a person must approve: no worker is held, any worker goes on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic_ai import ApprovalRequired, RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall

from application.agents import AgentDeps, AgentSpec
from application.commands.messages import NewMessage, PostMessage, post_message
from application.tools import tool
from domain.completion_events import (
    ApprovalAnswered,
    CompletionWaiting,
    MessageRecorded,
    ToolCalled,
    ToolReturned,
)
from domain.content import TextPart
from domain.ids import uuid7
from tests.application.house import House, Running


class Bank:
    """A tool without and one with approval, and a model that calls both at once."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.told: list[list[ModelMessage]] = []

        @tool(effect="none")
        async def look() -> str:
            self.runs.append("look")
            return "100"

        @tool(requires_approval=True)
        async def pay(to: str) -> str:
            self.runs.append(f"pay {to}")
            return f"paid {to}"

        self.spec = AgentSpec(tools=[look, pay])

    async def model(self, messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        self.told.append(list(messages))
        if isinstance(messages[-1], ModelRequest) and any(
            isinstance(part, ToolReturnPart) for part in messages[-1].parts
        ):
            yield "Very well."
            return
        yield "One moment. "
        yield {1: DeltaToolCall("pay", '{"to": "Ann"}', tool_call_id="ann")}
        yield {2: DeltaToolCall("look", "{}", tool_call_id="look")}
        yield {3: DeltaToolCall("pay", '{"to": "Bob"}', tool_call_id="bob")}


async def waiting(bank: Bank) -> tuple[House, Running]:
    house = House(bank.model, spec=bank.spec)
    running = await house.begin("pay them")
    assert await running.end() == "waiting"
    return house, running


async def go_on(house: House, running: Running, *answers: ApprovalAnswered) -> Running:
    house.log.stranger(running.completion.id, *answers)
    claimed = await house.claim(running.completion.id)
    return Running(house, claimed, run=house.engine.start(claimed))


def read_by_model(messages: list[ModelMessage]) -> list[str]:
    last = messages[-1]
    assert isinstance(last, ModelRequest)
    return [str(part.content) for part in last.parts if isinstance(part, ToolReturnPart)]


async def test_a_completion_waits_with_what_needs_no_approval_done():
    bank = Bank()
    house, running = await waiting(bank)
    assert bank.runs == ["look"]
    (asks,) = running.of(CompletionWaiting)
    assert set(asks.tool_call_ids) == {"ann", "bob"}
    assert running.events[-1] is asks
    assert {one.tool_call_id for one in running.of(ToolCalled)} == {"ann", "look", "bob"}
    assert [one.tool_call_id for one in running.of(ToolReturned)] == ["look"]
    assert await house.try_to_claim(running.completion.id) is None


async def test_what_is_approved_runs_once_and_what_is_denied_does_not():
    bank = Bank()
    house, running = await waiting(bank)
    second = await go_on(
        house,
        running,
        ApprovalAnswered("ann", approved=True),
        ApprovalAnswered("bob", approved=False, reason="Not Bob."),
    )
    assert await second.end() == "finished"
    assert bank.runs == ["look", "pay Ann"]
    paid, seen, denied = read_by_model(bank.told[-1])
    assert (paid, seen) == ("paid Ann", "100")
    assert denied.endswith("Not Bob.")
    outcomes = {one.tool_call_id: one.outcome for one in second.of(ToolReturned)}
    assert outcomes == {"look": "completed", "ann": "completed", "bob": "error"}
    assert second.said.text == "One moment. Very well."
    assert len(bank.told) == 2
    assert [one.attempt for one in second.of(MessageRecorded)] == [1, 1, 2, 2]


async def test_a_worker_lost_while_an_approved_tool_runs_does_not_run_it_again():
    bank = Bank()
    house, running = await waiting(bank)
    answers = [ApprovalAnswered(call, approved=True) for call in ("ann", "bob")]
    house.log.stranger(running.completion.id, *answers)
    await house.claim(running.completion.id)
    house.log.stranger(running.completion.id, ToolCalled(2, 1, "ann", "pay", {"to": "Ann"}))
    claimed = await house.claim(running.completion.id, lost=True)
    third = Running(house, claimed, run=house.engine.start(claimed))
    assert await third.end() == "finished"
    assert bank.runs == ["look", "pay Bob"]
    outcomes = {one.tool_call_id: one.outcome for one in third.of(ToolReturned)}
    assert outcomes == {"look": "completed", "ann": "outcome_unknown", "bob": "completed"}


async def test_a_worker_lost_before_it_could_wait_asks_and_does_not_pay():
    bank = Bank()
    house = House(bank.model, spec=bank.spec)
    _, done = await waiting(bank)
    asked = await house.ask("pay them")
    await house.claim(asked)
    until_waiting = [
        event
        for event in done.events
        if isinstance(event, MessageRecorded | ToolCalled | ToolReturned)
    ]
    house.log.stranger(asked, *until_waiting)
    bank.runs.clear()
    claimed = await house.claim(asked, lost=True)
    second = Running(house, claimed, run=house.engine.start(claimed))
    assert await second.end() == "waiting"
    assert bank.runs == []
    (asks,) = second.of(CompletionWaiting)
    assert set(asks.tool_call_ids) == {"ann", "bob"}


async def test_a_tool_may_ask_for_approval_by_itself():
    runs: list[str] = []

    @tool
    async def pay(ctx: RunContext[AgentDeps], to: str) -> str:
        if not ctx.tool_call_approved:
            raise ApprovalRequired
        runs.append(to)
        return f"paid {to}"

    @tool(effect="none")
    async def look() -> str:
        return "100"

    bank = Bank()
    house = House(bank.model, spec=AgentSpec(tools=[pay, look]))
    running = await house.begin("pay them")
    assert await running.end() == "waiting"
    answers = [ApprovalAnswered(call, approved=True) for call in ("ann", "bob")]
    second = await go_on(house, running, *answers)
    assert await second.end() == "finished"
    assert sorted(runs) == ["Ann", "Bob"]


@pytest.mark.parametrize("approved", [True, False])
async def test_the_next_question_is_told_of_it_in_order(approved: bool):
    bank = Bank()
    house, running = await waiting(bank)
    answers = [ApprovalAnswered(call, approved=approved) for call in ("ann", "bob")]
    second = await go_on(house, running, *answers)
    assert await second.end() == "finished"
    await house.ask("thanks", thread_id=running.thread_id)
    thread = await house.threads.get(running.thread_id)
    assert thread.turn is not None
    history = await house.history(thread.id, thread.turn.message_id)
    kinds = [message.kind for message in history.messages]
    assert kinds == ["request", "response", "request", "response"]
    response, request = history.messages[1:3]
    assert isinstance(response, ModelResponse)
    calls = [call.tool_call_id for call in response.tool_calls]
    assert [
        part.tool_call_id for part in request.parts if isinstance(part, ToolReturnPart)
    ] == calls


async def test_who_steers_while_the_model_still_speaks_denies_what_it_then_asks_for():
    bank = Bank()
    house = House(bank.model, spec=bank.spec)
    speaking = bank.model

    async def model(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        async for piece in speaking(messages, info):
            yield piece
        if len(bank.told) == 1:
            message = NewMessage(uuid7(), (TextPart("rather not"),))
            post = PostMessage(house.user, running.thread_id, message, when_busy="steer")
            await post_message(house.app, post)

    house.model = House(model).model
    running = await house.begin("pay them")
    assert await running.end() == "waiting"
    claimed = await house.claim(running.completion.id)
    second = Running(house, claimed, run=house.engine.start(claimed))
    assert await second.end() == "finished"
    assert bank.runs == ["look"]
    last = bank.told[-1][-1]
    assert isinstance(last, ModelRequest)
    said = [part.content for part in last.parts if isinstance(part, UserPromptPart)]
    assert said == ["rather not"]
