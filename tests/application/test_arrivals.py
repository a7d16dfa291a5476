"""A background tool's ending: one append with what it leads to, whoever else is in the thread."""

import asyncio
from collections.abc import Awaitable

import pytest

from application.ports import StreamAppend, StreamConflict
from application.turns import Turns
from domain.catalogue import Event
from domain.completion_events import CompletionRequested
from domain.content import TextPart
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionTimedOut,
)
from domain.ids import follow_up_of, uuid7
from domain.thread_events import (
    MessageAdded,
    ResultArrived,
    ThreadArchived,
    ThreadCompletionRequested,
)
from tests.application.commanding import Bells
from tests.application.handed_over import hand_over, idle_thread, load
from tests.application.house import House, saying

DONE = ExecutionFinished({"rows": 3}, '{"rows":3}')


@pytest.fixture
def house() -> House:
    return House(saying("Hi"))


@pytest.fixture
def bells() -> Bells:
    return Bells()


@pytest.fixture
def turns(house: House, bells: Bells) -> Turns:
    return Turns(house.log, threads=house.threads, wake_up=bells)


def after(house: House, position: int) -> list[Event]:
    return [one.event for one in house.log.events if one.position > position]


async def soon(end: Awaitable[int]) -> int:
    """What tries again must not do so for ever."""
    async with asyncio.timeout(10):
        return await end


def last(house: House) -> int:
    return house.log.events[-1].position


async def test_a_result_in_an_idle_thread_begins_an_answer_in_the_same_append(
    house: House, turns: Turns, bells: Bells
) -> None:
    thread_id = await idle_thread(house)
    execution = await hand_over(house, thread_id)
    head = (await house.threads.get(thread_id)).head
    assert head is not None
    before = last(house)
    position = await turns.end_tool(execution, events=[DONE], actor="worker:test")
    follow_up = follow_up_of(thread_id, execution_id=execution.id)
    assert after(house, before) == [
        DONE,
        ResultArrived(execution.id, execution.dispatched.completion_id, continues=True),
        ThreadCompletionRequested(follow_up, head),
        CompletionRequested(thread_id, head, "assistant"),
    ]
    assert position == last(house)
    assert bells.woken == [follow_up]
    assert {one.cause for one in house.log.events[before:]} == {str(execution.id)}


async def test_a_timeout_begins_an_answer_too(house: House, turns: Turns, bells: Bells) -> None:
    execution = await hand_over(house, await idle_thread(house))
    await turns.end_tool(execution, events=[ExecutionTimedOut(300)], actor="worker:test")
    assert len(bells.woken) == 1


async def test_what_was_cancelled_arrives_but_begins_no_answer(
    house: House, turns: Turns, bells: Bells
) -> None:
    execution = await hand_over(house, await idle_thread(house))
    before = last(house)
    await turns.end_tool(execution, events=[ExecutionCancelled("no need")], actor="user:test")
    assert after(house, before) == [
        ExecutionCancelled("no need"),
        ResultArrived(execution.id, execution.dispatched.completion_id, continues=False),
    ]
    assert bells.woken == []


async def test_while_an_answer_is_being_typed_a_result_only_arrives(
    house: House, turns: Turns, bells: Bells
) -> None:
    thread_id = await idle_thread(house)
    execution = await hand_over(house, thread_id)
    await house.ask(thread_id=thread_id)
    before = last(house)
    await turns.end_tool(execution, events=[DONE], actor="worker:test")
    assert [type(event) for event in after(house, before)] == [ExecutionFinished, ResultArrived]
    assert bells.woken == []


async def test_a_question_at_the_last_moment_takes_the_turn(
    house: House, turns: Turns, bells: Bells
) -> None:
    thread_id = await idle_thread(house)
    execution = await hand_over(house, thread_id)
    head = (await house.threads.get(thread_id)).head
    message = MessageAdded(uuid7(), head, (TextPart("And?"),))
    question = [message, ThreadCompletionRequested(uuid7(), message.message_id)]

    def ask(append: StreamAppend) -> None:
        house.log.before_append = None
        house.log.stranger(thread_id, *question)

    house.log.before_append = ask
    before = last(house)
    await turns.end_tool(execution, events=[DONE], actor="worker:test")
    assert [type(event) for event in after(house, before)] == [
        MessageAdded,
        ThreadCompletionRequested,
        ExecutionFinished,
        ResultArrived,
    ]
    assert bells.woken == []


async def test_who_is_late_is_refused_and_the_thread_hears_nothing(
    house: House, turns: Turns
) -> None:
    execution = await hand_over(house, await idle_thread(house))
    house.log.stranger(execution.id, ExecutionProgressed(0.5))
    before = last(house)
    with pytest.raises(StreamConflict) as refused:
        await soon(turns.end_tool(execution, events=[DONE], actor="worker:test"))
    assert refused.value.streams[execution.id] == 2
    assert after(house, before) == []


async def test_a_late_one_is_refused_even_where_the_thread_moved_too(
    house: House, turns: Turns
) -> None:
    thread_id = await idle_thread(house)
    execution = await hand_over(house, thread_id)
    house.log.stranger(execution.id, DONE)
    house.log.stranger(thread_id, ThreadArchived())
    with pytest.raises(StreamConflict) as refused:
        await soon(turns.end_tool(execution, events=[DONE], actor="worker:test"))
    assert execution.id in refused.value.streams


async def test_an_answer_whose_id_names_something_else_is_not_begun(
    house: House, turns: Turns, bells: Bells
) -> None:
    thread_id = await idle_thread(house)
    execution = await hand_over(house, thread_id)
    taken = follow_up_of(thread_id, execution_id=execution.id)
    other = CompletionRequested(thread_id, uuid7(), "assistant")
    append = StreamAppend(taken, 0, [other], thread_id, house.user.user_id)
    await house.log.append(append, actor="stranger")
    before = last(house)
    await soon(turns.end_tool(execution, events=[DONE], actor="worker:test"))
    assert [type(event) for event in after(house, before)] == [ExecutionFinished, ResultArrived]
    assert bells.woken == []


async def test_of_many_results_at_once_all_arrive_and_one_begins_an_answer(
    house: House, turns: Turns, bells: Bells
) -> None:
    thread_id = await idle_thread(house)
    executions = [await hand_over(house, thread_id) for _ in range(20)]
    ends = [turns.end_tool(one, events=[DONE], actor="worker:test") for one in executions]
    positions = await asyncio.gather(*ends)
    assert len(set(positions)) == 20
    assert len(bells.woken) == 1
    thread = await house.threads.get(thread_id)
    assert {one.execution_id for one in thread.results} == {one.id for one in executions}
    assert thread.turn is not None
    assert thread.turn.completion_id == bells.woken[0]


async def test_of_many_ends_of_one_execution_one_counts(house: House, turns: Turns) -> None:
    execution = await hand_over(house, await idle_thread(house))
    ends = [turns.end_tool(execution, events=[DONE], actor="worker:test") for _ in range(20)]
    answers = await asyncio.gather(*ends, return_exceptions=True)
    assert sum(isinstance(answer, int) for answer in answers) == 1
    assert sum(isinstance(answer, StreamConflict) for answer in answers) == 19
    assert (await load(house, execution.id)).ending == DONE
