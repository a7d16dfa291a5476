"""An administrator stops what belongs to other people, and only as an operator."""

from dataclasses import replace
from uuid import uuid4

import pytest

from application.commands.completions import CancelCompletion, cancel_completion
from application.commands.context import Principal
from application.commands.executions import CancelExecution, cancel_execution
from domain.account_events import Role
from domain.completion_events import CompletionCancelled
from domain.ids import uuid7
from domain.refusals import CompletionNotFound, ExecutionNotFound
from tests.application.commanding import Commanding
from tests.application.handed_over import hand_over


def somebody(role: Role) -> Principal:
    return Principal(uuid4(), role, uuid7())


async def test_an_operator_stops_an_answer_that_waits_and_one_that_a_worker_gives() -> None:
    it, admin = await Commanding.busy(), somebody("admin")
    done = await cancel_completion(it.app, CancelCompletion(admin, it.first, as_operator=True))
    assert done.status == "cancelled"
    assert isinstance(it.events(it.first)[-1], CompletionCancelled)
    assert it.house.log.stream(it.first)[-1].actor == admin.actor
    it = await Commanding.answering()
    done = await cancel_completion(it.app, CancelCompletion(admin, it.first, as_operator=True))
    assert (done.status, it.bells.hinted) == ("processing", [it.first])


async def test_an_operator_stops_a_background_tool() -> None:
    it, admin = await Commanding.answering(), somebody("admin")
    execution = await hand_over(it.house, it.thread_id)
    stop = CancelExecution(admin, execution.id, as_operator=True)
    assert (await cancel_execution(it.app, stop)).status == "cancelled"


@pytest.mark.parametrize(
    ("role", "as_operator"),
    [("admin", False), ("user", True), ("auditor", True), ("analyst", True)],
)
async def test_nobody_else_learns_that_there_is_anything(role: Role, as_operator: bool) -> None:
    it, by = await Commanding.answering(), somebody(role)
    execution = await hand_over(it.house, it.thread_id)
    with pytest.raises(CompletionNotFound):
        await cancel_completion(it.app, CancelCompletion(by, it.first, as_operator=as_operator))
    with pytest.raises(ExecutionNotFound):
        await cancel_execution(it.app, CancelExecution(by, execution.id, as_operator=as_operator))


async def test_what_does_not_exist_cannot_be_stopped_by_an_operator() -> None:
    it, admin = await Commanding.busy(), somebody("admin")
    with pytest.raises(CompletionNotFound):
        await cancel_completion(it.app, CancelCompletion(admin, uuid4(), as_operator=True))
    nothing = CancelExecution(admin, uuid4(), as_operator=True)
    with pytest.raises(ExecutionNotFound):
        await cancel_execution(it.app, replace(nothing))
