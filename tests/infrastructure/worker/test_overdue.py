"""Results from outside that do not come: the execution ends when its time has passed."""

from application.turns import Turns
from domain.ids import uuid7
from infrastructure.worker.overdue import LOOK_SECONDS, Overdue
from tests.infrastructure.worker.runs import Runs


class _Nobody:
    async def completion(self, completion_id: object) -> None:
        pass


def overdue(runs: Runs) -> Overdue:
    turns = Turns(runs.log, threads=runs.threads, wake_up=_Nobody())
    return Overdue(runs.log, turns=turns, open_runs=runs.open_runs, worker_id=uuid7())


async def test_what_is_overdue_is_timed_out_and_the_rest_waits_on(runs: Runs) -> None:
    late = await runs.tool(outside=True, timeout_seconds=0)
    patient = await runs.tool(outside=True, timeout_seconds=600)
    endless = await runs.tool(outside=True, timeout_seconds=None)
    ours = await runs.tool(timeout_seconds=0)
    sweeper = overdue(runs)
    await sweeper.sweep(now=0)
    assert (await runs.names(late))[-1] == "ExecutionTimedOut"
    assert (await runs.names(runs.thread_id))[-1] == "ResultArrived"
    for waiting in (patient, endless, ours):
        assert "ExecutionTimedOut" not in await runs.names(waiting)
    waiting = {found.id for found in await runs.open_runs.awaited()}
    assert waiting == {patient, endless}


async def test_it_looks_once_a_second_however_often_it_is_asked(runs: Runs) -> None:
    sweeper = overdue(runs)
    await sweeper.sweep(now=0)
    late = await runs.tool(outside=True, timeout_seconds=0)
    await sweeper.sweep(now=LOOK_SECONDS / 2)
    assert (await runs.names(late))[-1] == "ExecutionAwaited"
    await sweeper.sweep(now=LOOK_SECONDS)
    assert (await runs.names(late))[-1] == "ExecutionTimedOut"
