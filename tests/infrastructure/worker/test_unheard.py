"""Answers that wait for an approval nobody will give: the user has written something else."""

from uuid import UUID

from application.ports import StreamAppend
from domain.completion_events import (
    CompletionRequested,
    CompletionStarted,
    CompletionWaiting,
    ToolCalled,
)
from domain.content import TextPart
from domain.ids import uuid7
from domain.thread_events import MessageAdded, MessageQueued, ThreadCompletionRequested
from infrastructure.worker.unheard import AGAIN_SECONDS, Unheard
from tests.infrastructure.worker.runs import Runs

WORKER = uuid7()
TEXT = (TextPart("Hello"),)


async def waiting(runs: Runs) -> UUID:
    """A completion that has the thread's turn and waits; whoever should look at it has died."""
    completion_id, message_id = uuid7(), uuid7()
    asked = [
        MessageAdded(message_id, None, TEXT),
        ThreadCompletionRequested(completion_id, message_id),
    ]
    events = [
        CompletionRequested(runs.thread_id, message_id, "assistant"),
        CompletionStarted(1, WORKER),
        ToolCalled(1, 1, "call_1", "pay", {}),
        CompletionWaiting(("call_1",)),
    ]
    await runs.log.append(
        StreamAppend(runs.thread_id, 1, asked, runs.thread_id, runs.owner_id),
        StreamAppend(completion_id, 0, events, runs.thread_id, runs.owner_id),
        actor=f"worker:{WORKER}",
    )
    return completion_id


async def steer(runs: Runs) -> None:
    queued = MessageQueued(uuid7(), uuid7(), "steer", TEXT)
    await runs.append(runs.thread_id, queued, at=3)


def unheard(runs: Runs) -> Unheard:
    return Unheard(runs.log, threads=runs.threads, open_runs=runs.open_runs, worker_id=uuid7())


async def test_what_its_user_has_steered_waits_no_longer(runs: Runs) -> None:
    completion = await waiting(runs)
    await steer(runs)
    await unheard(runs).sweep(now=0)
    assert (await runs.names(completion))[-1] == "ApprovalAnswered"
    assert await runs.open_runs.is_unclaimed(completion)


async def test_who_has_written_nothing_is_waited_for(runs: Runs) -> None:
    completion = await waiting(runs)
    sweeper = unheard(runs)
    await sweeper.sweep(now=0)
    assert (await runs.names(completion))[-1] == "CompletionWaiting"
    await steer(runs)
    await sweeper.sweep(now=AGAIN_SECONDS)
    assert (await runs.names(completion))[-1] == "ApprovalAnswered"
