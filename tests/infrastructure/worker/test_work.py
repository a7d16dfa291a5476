"""Background tools as work: what this process does not know, it leaves alone and says so."""

import logging

import pytest

from infrastructure.worker.open_runs import Kind
from infrastructure.worker.work import WARN_SECONDS, BackgroundTools, CannotRunHere
from tests.application.tool_shop import Shop


async def test_an_unknown_task_is_left_and_told_of_at_most_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    shop, now = Shop(), [1000.0]
    work = BackgroundTools(claims=shop.claims(knows=False), parts=shop.parts, clock=lambda: now[0])
    told: list[int] = []
    for seconds in (0.0, WARN_SECONDS - 1, 1.0):
        now[0] += seconds
        for _ in range(3):
            with pytest.raises(CannotRunHere):
                await work.take(await shop.dispatch(), dead=frozenset())
        told.append(caplog.text.count("the task shop:task: it waits"))
    assert told == [1, 1, 2]
    assert shop.names() == ["dispatched"]


async def test_a_known_task_is_claimed_and_runs() -> None:
    shop = Shop()
    work = BackgroundTools(claims=shop.claims(), parts=shop.parts)
    kind: Kind = work.kind
    assert kind == "tool"
    execution_id = await shop.dispatch()
    run = await work.take(execution_id, dead=frozenset())
    assert run is not None
    assert await run.finished() == "completed"
    assert await work.take(execution_id, dead=frozenset()) is None
