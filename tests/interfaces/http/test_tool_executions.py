"""Background tools over HTTP: shown while they run and after, and stopped by their owner."""

from uuid import uuid4

import pytest

from application.execution_results import finished
from domain.execution_events import ExecutionProgressed, ExecutionStarted, ExecutionTimedOut
from infrastructure.cancel_hint import key_of
from infrastructure.worker.open_runs import OpenRuns
from tests.interfaces.http.house import House, Person
from tests.interfaces.http.tools import hand_over


async def test_a_tool_is_shown_while_it_runs_and_when_it_is_done(
    house: House, user: Person
) -> None:
    tool = await hand_over(house, user)
    await tool.happens(ExecutionStarted(1, uuid4()), ExecutionProgressed(0.25, "a quarter"))
    await house.projected()
    shown = await user.get(tool.path)
    assert (shown["status"], shown["progress"], shown["timeout_seconds"]) == ("running", 0.25, 300)
    assert (shown["progress_message"], shown["attempts"]) == ("a quarter", 1)
    assert shown["completion_id"] == str(tool.completion)
    blobs = house.resources.application.blobs
    await tool.ends(await finished(blobs, user.id, result={"rows": 3}, message="Three rows."))
    await house.projected()
    shown = await user.get(tool.path)
    assert (shown["status"], shown["result"], shown["message"]) == (
        "completed",
        {"rows": 3},
        "Three rows.",
    )
    assert (shown["content"], shown["result_sha256"]) == ('{"rows":3}', None)
    assert shown["completed_at"] is not None


async def test_a_tool_that_was_too_slow_says_so(house: House, user: Person) -> None:
    tool = await hand_over(house, user)
    await tool.ends(ExecutionTimedOut(300))
    await house.projected()
    shown = await user.get(tool.path)
    assert (shown["status"], shown["error_type"]) == ("timed_out", "timeout")
    assert shown["error_message"] == "The tool did not end within 300 seconds."


async def test_a_large_result_is_shown_whole_where_it_is_asked_for(
    house: House, user: Person
) -> None:
    tool = await hand_over(house, user)
    rows = [f"row {n}" for n in range(5000)]
    blobs = house.resources.application.blobs
    await tool.ends(await finished(blobs, user.id, result={"rows": [*rows]}))
    await house.projected()
    shown = await user.get(tool.path)
    assert shown["result"] == {"rows": rows}
    assert shown["content"].startswith('{"rows":["row 0","row 1"')
    assert len(shown["content"].encode()) <= 16_000
    [listed] = (await user.get(f"/v1/threads/{tool.thread}/tool-executions"))["items"]
    assert listed == {**shown, "result": None}


@pytest.mark.parametrize("task", ["analyse_task", None])
async def test_a_tool_that_no_worker_runs_is_cancelled_at_once(
    house: House, user: Person, task: str | None
) -> None:
    tool = await hand_over(house, user, task=task)
    answered = await user.http.post(f"{tool.path}/cancel", json={"reason": "no need"})
    assert answered.status_code == 202
    assert answered.json()["status"] == "cancelled"
    shown = await user.get(tool.path, min_position=answered.json()["position"])
    assert (shown["status"], shown["error_message"]) == ("cancelled", "no need")
    assert (await tool.events())[-3:] == [
        "tool.cancel_requested",
        "tool.cancelled",
        "thread.result_arrived",
    ]
    again = await user.http.post(f"{tool.path}/cancel")
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")


async def test_a_tool_that_runs_is_its_workers_to_stop(house: House, user: Person) -> None:
    tool = await hand_over(house, user)
    await tool.happens(ExecutionStarted(1, uuid4()))
    first = await user.http.post(f"{tool.path}/cancel", json={})
    second = await user.http.post(f"{tool.path}/cancel", json={"reason": "again"})
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert first.json()["status"] == "running"
    assert (await tool.events())[-1] == "tool.cancel_requested"
    assert tool.id in {run.id for run in await OpenRuns(house.log.reader.database).cancelled()}
    assert await house.redis.get(key_of(tool.id, prefix=house.prefix)) == b"1"


async def test_no_worker_is_offered_what_is_worked_on_outside(house: House, user: Person) -> None:
    ours = await hand_over(house, user)
    outside = await hand_over(house, user, task=None)
    open_runs = OpenRuns(house.log.reader.database)
    assert await open_runs.is_unclaimed(ours.id)
    assert not await open_runs.is_unclaimed(outside.id)
    offered = await open_runs.unclaimed("tool", limit=1000)
    assert ours.id in offered
    assert outside.id not in offered
