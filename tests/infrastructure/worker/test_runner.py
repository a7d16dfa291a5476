"""The runner: as much at once as it has slots, and an orderly end."""

import asyncio
from collections.abc import Set
from uuid import UUID

import pytest

from domain.ids import uuid7
from infrastructure.worker.open_runs import Kind
from infrastructure.worker.runner import Runner
from infrastructure.worker.work import CannotRunHere
from tests.infrastructure.worker.runs import Runs


class Running:
    """Goes on until it is released, or asked often enough to hand over."""

    def __init__(self, *, asks: int = 1) -> None:
        self.asks = asks
        self.looks = 0
        self.ended = asyncio.Event()
        self.ending = "completed"

    async def finished(self) -> str:
        await self.ended.wait()
        return self.ending

    async def look(self) -> None:
        self.looks += 1

    def hand_over(self) -> None:
        self.asks -= 1
        if self.asks == 0:
            self.ended.set()


class Works:
    """Takes everything, unless it cannot."""

    kind: Kind = "tool"

    def __init__(self, *, asks: int = 1, can: bool = True) -> None:
        self.taken: dict[UUID, Running] = {}
        self.asked: list[UUID] = []
        self._asks = asks
        self.can = can

    async def take(self, run_id: UUID, *, dead: Set[UUID]) -> Running | None:
        assert dead == frozenset()
        self.asked.append(run_id)
        if not self.can:
            raise CannotRunHere
        self.taken[run_id] = Running(asks=self._asks)
        return self.taken[run_id]


def runner(runs: Runs, works: Works, *, slots: int = 2, worker_id: UUID | None = None) -> Runner:
    return Runner(work=works, open_runs=runs.open_runs, worker_id=worker_id or uuid7(), slots=slots)


async def begun(works: Works, count: int) -> None:
    async with asyncio.timeout(10):
        while len(works.taken) < count:  # noqa: ASYNC110  (a condition, not a signal)
            await asyncio.sleep(0.001)


async def test_it_takes_no_more_than_it_has_slots_for_and_only_its_own_kind(runs: Runs) -> None:
    await runs.completion()
    tools = [await runs.tool() for _ in range(3)]
    works = Works()
    ours = runner(runs, works)
    await ours.look()
    await begun(works, 2)
    assert list(works.taken) == tools[:2]
    assert ours.free_slots == 0
    await ours.run(tools[2])
    assert works.asked == tools[:2]
    await ours.drain(seconds=0.01, hand_over_seconds=10)


async def test_a_request_to_cancel_finds_the_run_that_it_concerns(runs: Runs) -> None:
    one, other = await runs.tool(), await runs.tool()
    works = Works()
    ours = runner(runs, works)
    await ours.look()
    await begun(works, 2)
    ours.cancel(one)
    ours.cancel(uuid7())
    await ours.drain(seconds=0.01, hand_over_seconds=10)
    assert (works.taken[one].looks, works.taken[other].looks) == (1, 0)


@pytest.mark.parametrize("asks", [1, 2])
async def test_who_leaves_asks_twice_and_gives_up_what_it_holds(runs: Runs, asks: int) -> None:
    worker_id = uuid7()
    held = await runs.claimed_tool(worker_id)
    works = Works(asks=asks)
    ours = runner(runs, works, worker_id=worker_id)
    ours.begin(held)
    await begun(works, 1)
    await ours.drain(seconds=0.01, hand_over_seconds=0.1 if asks > 1 else 10)
    assert works.taken[held].ended.is_set()
    assert await runs.open_runs.is_unclaimed(held)
    assert ours.free_slots == 0


async def test_what_cannot_be_run_here_rests_and_makes_room_for_others(runs: Runs) -> None:
    unknown = await runs.tool()
    works = Works(can=False)
    ours = runner(runs, works, slots=1)
    await ours.run(unknown)
    await ours.run(unknown)
    assert works.asked == [unknown]
    newer = await runs.tool()
    works.can = True
    await ours.look()
    await begun(works, 1)
    assert list(works.taken) == [newer]
    await ours.drain(seconds=0.01, hand_over_seconds=10)


@pytest.mark.parametrize("others_hold_it", [False, True])
async def test_a_run_that_ends_without_an_ending_is_left_to_others(
    runs: Runs, others_hold_it: bool
) -> None:
    worker_id, other = uuid7(), uuid7()
    held = await runs.claimed_tool(other if others_hold_it else worker_id)
    works = Works()
    ours = runner(runs, works, worker_id=worker_id)
    running = ours.begin(held)
    await begun(works, 1)
    works.taken[held].ending = "fenced"
    works.taken[held].ended.set()
    await running
    assert await runs.open_runs.is_unclaimed(held) is not others_hold_it
