"""What has not ended, as the append function keeps it: by kind, worker, and what it waits for."""

from domain.completion_events import CompletionStarted
from domain.execution_events import ExecutionCancelRequested, ExecutionFailed
from domain.ids import uuid7
from infrastructure.worker.open_runs import OpenRun
from tests.infrastructure.worker.runs import Runs


async def test_each_kind_of_work_has_its_own_queue_oldest_first(runs: Runs) -> None:
    first, completion, second = await runs.tool(), await runs.completion(), await runs.tool()
    await runs.tool(outside=True)
    await runs.claimed_tool(uuid7())
    open_runs = runs.open_runs
    assert await open_runs.unclaimed("tool", limit=9) == [first, second]
    assert await open_runs.unclaimed("tool", limit=9, but=[first]) == [second]
    assert await open_runs.unclaimed("completion", limit=9) == [completion]


async def test_a_worker_gives_up_one_kind_and_keeps_the_other(runs: Runs) -> None:
    worker_id = uuid7()
    tool, completion = await runs.claimed_tool(worker_id), await runs.completion()
    started = CompletionStarted(1, worker_id)
    await runs.append(completion, started, at=1, actor=f"worker:{worker_id}")
    held = [OpenRun("tool", tool), OpenRun("completion", completion)]
    assert await runs.open_runs.held_by([worker_id, uuid7()]) == held
    assert not await runs.open_runs.is_unclaimed(tool)
    await runs.open_runs.release(worker_id, kind="tool")
    assert await runs.open_runs.held_by([worker_id]) == [OpenRun("completion", completion)]
    assert await runs.open_runs.is_unclaimed(tool)


async def test_what_is_cancelled_is_known_until_it_has_ended(runs: Runs) -> None:
    tool = await runs.tool()
    await runs.tool()
    await runs.append(tool, ExecutionCancelRequested(), at=None)
    assert await runs.open_runs.cancelled() == {OpenRun("tool", tool)}
    await runs.append(tool, ExecutionFailed("internal_error", ""), at=2)
    assert await runs.open_runs.cancelled() == set()


async def test_how_long_ago_something_happened_is_the_databases_word(runs: Runs) -> None:
    awaited = await runs.tool(outside=True)
    await runs.tool()
    [found] = await runs.open_runs.awaited()
    [dispatched, *_] = await runs.log.read_stream(awaited)
    assert found.id == awaited
    assert 0 <= found.seconds <= await runs.open_runs.seconds_since(dispatched.position) < 30
