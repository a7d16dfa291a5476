"""Cancelling an answer: what no worker holds ends at once, with what was said and its tools."""

from uuid import UUID, uuid4

import pytest

from application.commands.completions import (
    CancelCompletion,
    Cancelled,
    cancel_completion,
)
from application.commands.threads import ArchiveThread, archive_thread
from application.ports import StreamAppend
from domain.completion_events import (
    ApprovalAnswered,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionFinished,
    CompletionWaiting,
    MessageRecorded,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
)
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionCancelRequested,
    ExecutionDispatched,
    ExecutionStarted,
)
from domain.thread_events import TurnEnded
from tests.application.commanding import Commanding
from tests.domain.answers import NOTHING_SAID

HELLO = Chunk(1, 1, 0, "text", "Hello", ((5, 0),))
SAID = MessageRecorded(
    1, 1, {"kind": "response", "parts": [{"part_kind": "text", "content": "Hello"}]}
)
CALLED = ToolCalled(1, 1, "call", "delete", {})
WORKER = UUID(int=7)


async def cancel(it: Commanding, *, tools: bool = True) -> Cancelled:
    return await cancel_completion(
        it.app, CancelCompletion(it.house.user, it.first, "enough", tools=tools)
    )


async def dispatch(it: Commanding, *, started: bool = False) -> UUID:
    """A background tool of the answer; `started` by a worker."""
    execution = uuid4()
    it.tell(it.first, ToolDispatched("call", execution, "analyse", {}))
    dispatched = ExecutionDispatched(it.first, "call", "analyse", "task", {}, continues=True)
    events = [dispatched, ExecutionStarted(1, WORKER)] if started else [dispatched]
    append = StreamAppend(execution, 0, events, it.thread_id, it.house.user.user_id)
    await it.house.log.append(append, actor="worker:test")
    return execution


def kinds(it: Commanding, stream_id: UUID) -> list[type[object]]:
    return [type(one) for one in it.events(stream_id)]


async def test_what_nobody_has_begun_ends_at_once() -> None:
    it = await Commanding.busy()
    asked = (await it.thread()).head
    assert asked is not None
    cancelled = await cancel(it)
    assert it.events(it.first)[-2:] == [
        CancelRequested("enough"),
        CompletionCancelled(0, NOTHING_SAID, "enough"),
    ]
    assert it.events(it.thread_id)[-1] == TurnEnded(it.first, "cancelled", False, asked)
    assert cancelled == Cancelled("cancelled", it.position)


async def test_what_waits_for_a_person_keeps_what_was_said_and_its_calls_have_their_results() -> (
    None
):
    it = await Commanding.answering()
    it.tell(it.first, HELLO, SAID, CALLED, CompletionWaiting(("call",)))
    await cancel(it)
    asked, returned, ended = it.events(it.first)[-3:]
    assert asked == CancelRequested("enough")
    assert isinstance(returned, ToolReturned)
    assert (returned.tool_call_id, returned.outcome) == ("call", "cancelled")
    assert isinstance(ended, CompletionCancelled)
    assert ended.answer.text == "Hello"
    assert it.events(it.thread_id)[-1] == TurnEnded(it.first, "cancelled", True, it.first)


async def test_what_waits_for_a_worker_again_keeps_its_unrecorded_text() -> None:
    it = await Commanding.answering()
    it.tell(it.first, HELLO, CALLED, CompletionWaiting(("call",)))
    it.tell(it.first, ApprovalAnswered("call", approved=True))
    assert (await cancel(it)).status == "cancelled"
    recorded, ended = it.events(it.first)[-2:]
    assert isinstance(recorded, MessageRecorded)
    assert isinstance(ended, CompletionCancelled)
    assert (ended.attempt, ended.answer.text) == (1, "Hello")
    assert it.events(it.thread_id)[-1] == TurnEnded(it.first, "cancelled", True, it.first)


async def test_what_a_worker_holds_is_ended_by_that_worker() -> None:
    it = await Commanding.answering()
    it.tell(it.first, HELLO)
    assert await cancel(it) == Cancelled("processing", it.position)
    assert it.events(it.first)[-1] == CancelRequested("enough")
    assert it.bells.hinted == [it.first]


async def test_cancelling_again_or_too_late_says_how_it_ended() -> None:
    it = await Commanding.waiting("a")
    first = await cancel(it)
    before = it.position
    again = await cancel(it)
    assert (again.status, again.ended_before) == ("cancelled", True)
    assert it.position == before
    assert again.position <= first.position


async def test_what_was_asked_to_end_before_it_waited_ends_for_that_reason() -> None:
    it = await Commanding.waiting("a")
    it.tell(it.first, CancelRequested("earlier"))
    await cancel(it)
    ended = it.events(it.first)[-1]
    assert isinstance(ended, CompletionCancelled)
    assert ended.reason == "earlier"
    assert kinds(it, it.first).count(CancelRequested) == 1


@pytest.mark.parametrize("claimed", [False, True])
async def test_its_background_tools_are_stopped_too(claimed: bool) -> None:
    it = await Commanding.answering()
    waiting, running = await dispatch(it), await dispatch(it, started=True)
    if not claimed:
        it.tell(it.first, CALLED, CompletionWaiting(("call",)))
    cancelled = await cancel(it)
    assert kinds(it, waiting)[-1] is ExecutionCancelled
    assert kinds(it, running)[-1] is ExecutionCancelRequested
    assert cancelled.position == it.position
    assert await cancel(it)  # once more
    assert kinds(it, running).count(ExecutionCancelRequested) == 1
    thread = await it.thread()
    assert (thread.turn is not None) is claimed, "no answer to what was cancelled"


async def test_its_background_tools_go_on_where_that_is_wanted() -> None:
    it = await Commanding.answering()
    tool = await dispatch(it)
    await cancel(it, tools=False)
    assert kinds(it, tool) == [ExecutionDispatched]


async def test_the_tools_of_an_answer_that_was_whole_before_go_on() -> None:
    it = await Commanding.answering()
    tool = await dispatch(it)
    it.tell(it.first, CompletionFinished(1, NOTHING_SAID))
    it.tell(it.thread_id, TurnEnded(it.first, "finished", True, it.first))
    late = await cancel(it)
    assert (late.status, late.ended_before) == ("completed", True)
    assert kinds(it, tool) == [ExecutionDispatched]


async def test_an_archived_thread_stops_everything_tools_of_earlier_answers_too() -> None:
    it = await Commanding.answering()
    tool = await dispatch(it)
    it.tell(it.first, CompletionFinished(1, NOTHING_SAID))
    it.tell(it.thread_id, TurnEnded(it.first, "finished", True, it.first))
    await it.post()
    await it.post()
    running = (await it.thread()).turn
    assert running is not None
    archive = ArchiveThread(it.house.user, it.thread_id)
    position = await archive_thread(it.app, archive)
    assert position == it.position
    assert kinds(it, tool)[-1] is ExecutionCancelled
    assert kinds(it, running.completion_id)[-1] is CompletionCancelled
    thread = await it.thread()
    assert (thread.archived, thread.turn, thread.queue) == (True, None, ())
    before = it.position
    await archive_thread(it.app, archive)
    assert it.position == before
