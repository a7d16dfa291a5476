"""A tool that ends, is stopped, or cannot be stopped."""

import asyncio
import logging

import pytest

from application.tool_time import StoppedItself, TimedOut, in_time


async def test_what_ends_in_its_time_gives_its_result_or_its_own_error():
    async def fail() -> None:
        raise LookupError("its own")

    assert await in_time(asyncio.sleep(0, "done"), name="t", seconds=5) == "done"
    with pytest.raises(LookupError, match="its own"):
        await in_time(fail(), name="t", seconds=5)


async def test_what_takes_too_long_is_cancelled_and_may_clean_up():
    cleaned = list[str]()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.append("up")

    with pytest.raises(TimedOut):
        await in_time(slow(), name="t", seconds=0.01)
    assert cleaned == ["up"]


async def test_what_gives_a_result_only_when_it_is_cancelled_is_too_late():
    async def stubborn() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "at last"
        return "never"

    with pytest.raises(TimedOut):
        await in_time(stubborn(), name="t", seconds=0.01)


async def test_what_cannot_be_cancelled_is_left_behind(caplog: pytest.LogCaptureFixture):
    may_end, ended = asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        while not may_end.is_set():
            try:
                await may_end.wait()
            except asyncio.CancelledError:
                continue
        ended.set()
        raise LookupError("nobody listens any more")

    with caplog.at_level(logging.ERROR), pytest.raises(TimedOut):
        await in_time(deaf(), name="deaf", seconds=0.01, unwind_seconds=0.01)
    assert [record.getMessage() for record in caplog.records] == [
        "tool deaf does not stop, it is left behind"
    ]
    may_end.set()
    await asyncio.wait_for(ended.wait(), 5)


async def test_a_tool_that_is_cancelled_by_its_own_code_is_not_taken_for_a_cancelled_run():
    async def confused() -> None:
        raise asyncio.CancelledError

    with pytest.raises(StoppedItself):
        await in_time(confused(), name="t", seconds=5)


async def test_cancelling_from_outside_cancels_the_tool_and_waits_for_it():
    began, cleaned = asyncio.Event(), list[str]()

    async def slow() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.append("up")

    running = asyncio.create_task(in_time(slow(), name="t", seconds=60))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert cleaned == ["up"]
