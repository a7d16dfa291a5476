"""A worker without a model: claims, takes in what steers it, answers, ends what was cancelled."""

import asyncio
from collections.abc import Sequence
from typing import cast
from uuid import UUID

from application.cancelling import end_cancelled
from application.commands.completions import fold_completion
from application.ports import EventLog, StreamAppend, StreamConflict
from application.threads import Threads
from application.turns import Turns
from domain.completion import Completion, evolve
from domain.completion_events import CompletionEvent, CompletionFinished, InputTaken
from domain.ids import uuid7
from domain.recorded import Recorded
from domain.thread_events import MessageDelivered, ResultDelivered
from tests.domain.answers import NOTHING_SAID

ACTOR = "worker:plain"


class PlainWorker:
    """Answers everything that a thread asks for, one step each, until `rest` is called."""

    def __init__(self, log: EventLog, *, threads: Threads, turns: Turns) -> None:
        self._log = log
        self._threads = threads
        self._turns = turns
        self._resting = False

    def rest(self) -> None:
        """Stop when the thread is idle."""
        self._resting = True

    async def work(self, thread_id: UUID) -> None:
        while True:
            thread = await self._threads.get(thread_id)
            if thread.turn is not None:
                await self._answer(thread.turn.completion_id)
            elif self._resting:
                return
            await asyncio.sleep(0.001)

    async def _answer(self, completion_id: UUID) -> None:
        try:
            completion = await self._read(completion_id)
            if completion.ended or completion.status == "waiting":
                return
            if completion.cancel_requested:
                await self._end_cancelled(completion_id)
                return
            # The log may have refused what stood behind a stranger's refused append: begin again.
            after = None if completion.worker_id is None else "handed_over"
            completion = await self._append(completion, completion.claim(uuid7(), after=after))
            await asyncio.sleep(0.002)
            completion = await self._take_in(completion)
            await asyncio.sleep(0.002)
            finished = CompletionFinished(completion.attempt, NOTHING_SAID)
            await self._turns.end(
                completion, events=[finished], outcome="finished", answered=True, actor=ACTOR
            )
        except StreamConflict:
            await self._end_cancelled(completion_id)

    async def _take_in(self, completion: Completion) -> Completion:
        while True:
            thread = await self._threads.get(completion.thread_id)
            taken = thread.take_in(completion.id)
            if not taken:
                return completion
            input_taken = InputTaken(
                tuple(one.message_id for one in taken if isinstance(one, MessageDelivered)),
                tuple(one.execution_id for one in taken if isinstance(one, ResultDelivered)),
            )
            told = StreamAppend(thread.id, thread.version, taken, thread.id, thread.owner_id)
            try:
                return await self._append(completion, [input_taken], told)
            except StreamConflict as conflict:
                if completion.id in conflict.streams:
                    raise

    async def _end_cancelled(self, completion_id: UUID) -> None:
        events = cast("list[Recorded[CompletionEvent]]", await self._log.read_stream(completion_id))
        completion = fold_completion(events)
        if completion.cancel_requested and not completion.ended:
            try:
                await end_cancelled(self._turns, completion, events, actor=ACTOR)
            except StreamConflict:
                return  # somebody else has

    async def _read(self, completion_id: UUID) -> Completion:
        events = await self._log.read_stream(completion_id)
        return fold_completion(cast("list[Recorded[CompletionEvent]]", events))

    async def _append(
        self, completion: Completion, events: Sequence[CompletionEvent], *others: StreamAppend
    ) -> Completion:
        own = StreamAppend(
            completion.id, completion.version, events, completion.thread_id, completion.owner_id
        )
        recorded = await self._log.append(own, *others, actor=ACTOR)
        for one in recorded[: len(events)]:
            completion = evolve(completion, cast("Recorded[CompletionEvent]", one))
        return completion
