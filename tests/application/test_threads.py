"""Thread states that a process keeps: never older than what it has seen, never with a gap."""

import asyncio
from typing import Any
from uuid import UUID

from application.threads import Threads
from domain.content import TextPart
from domain.ids import uuid7
from domain.thread_events import MessageQueued, ThreadRenamed
from tests.application.house import House, saying
from tests.application.memory_log import MemoryLog


class SlowOnce(MemoryLog):
    """Its first read of a stream answers when it may, with what was there when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.slow = False

    async def read_stream(self, stream_id: UUID, **given: Any) -> Any:
        found = await super().read_stream(stream_id, **given)
        if self.slow:
            self.slow = False
            self.asked.set()
            await self.may_answer.wait()
        return found


def queued() -> MessageQueued:
    return MessageQueued(uuid7(), uuid7(), "enqueue", (TextPart("q"),))


async def a_thread(log: MemoryLog) -> UUID:
    house = House(saying("x"), log=log)
    (first, *_) = await log.read_stream(await house.ask("one"))
    assert first.thread_id is not None
    return first.thread_id


async def test_a_slow_read_does_not_take_back_what_a_later_one_has_brought():
    log = SlowOnce()
    thread_id = await a_thread(log)
    threads = Threads(log)
    await threads.get(thread_id)
    log.slow = True
    late = asyncio.create_task(threads.get(thread_id))
    await log.asked.wait()
    log.stranger(thread_id, queued())
    assert len((await threads.get(thread_id)).queue) == 1
    log.may_answer.set()
    await late
    known = threads.known(thread_id)
    assert known is not None
    assert len(known.queue) == 1


async def test_what_was_appended_behind_something_unseen_is_not_taken_for_all():
    log = MemoryLog()
    thread_id = await a_thread(log)
    threads = Threads(log)
    await threads.get(thread_id)
    log.stranger(thread_id, queued())
    threads.append(thread_id, log.stranger(thread_id, ThreadRenamed("x")))
    thread = await threads.get(thread_id)
    assert (len(thread.queue), thread.title) == (1, "x")


async def test_what_was_appended_next_needs_no_read():
    log = MemoryLog()
    thread_id = await a_thread(log)
    threads = Threads(log)
    await threads.get(thread_id)
    threads.append(thread_id, log.stranger(thread_id, ThreadRenamed("x")))
    known = threads.known(thread_id)
    assert known is not None
    assert known.title == "x"
