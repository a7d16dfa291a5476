"""One attempt at one answer: the model is driven, every word goes into the log, and the end too."""

import asyncio
import logging
import time
from dataclasses import replace
from functools import partial
from typing import Literal, TypeAlias, cast

from pydantic_ai import CancellationToken
from sqlalchemy.ext.asyncio import AsyncSession

from application.agents import AgentDeps, AgentSpec, build_agent
from application.closing import Closing, Ended
from application.engine_parts import EngineParts
from application.history import History, read_history
from application.journal import Journal
from application.ports import StreamConflict
from application.pump import Pump, Question
from application.recorder import Recorder
from application.stop import NOTHING_FOLLOWS, JournalStopped, Stop
from application.transcript import Transcript
from application.witness import Witness
from domain.completion import Completion
from domain.completion_events import CompletionEvent
from domain.recorded import Recorded
from domain.refusals import AgentNotFound
from domain.thread_events import Outcome

logger = logging.getLogger(__name__)

Ending: TypeAlias = Outcome | Literal["fenced", "handed_over"]


class Run:
    """One attempt at one answer."""

    def __init__(
        self,
        parts: EngineParts,
        completion: Completion,
        *,
        claimed_at: float | None,
        history: asyncio.Task[History] | None,
    ) -> None:
        self._parts = parts
        self._completion = completion
        self._claimed_at = time.monotonic() if claimed_at is None else claimed_at
        self._foreseen = history
        self._run_id = f"{completion.id}.{completion.attempt}"
        self._actor = f"worker:{completion.worker_id}"
        self._token = CancellationToken()
        self._journal = Journal(parts.log, completion, on_stop=self._halt)
        self._recorder = Recorder(run_id=self._run_id, attempt=completion.attempt)
        self._witness: Witness | None = None
        self._pump: Pump | None = None
        self._halted = asyncio.Event()
        self._expired = False
        self._defective = False  # has our own ending been refused for what it is?
        self._task = asyncio.create_task(self._supervise(), name=f"completion {self._run_id}")

    async def finished(self) -> Ending:
        """Wait for the end. `fenced` and `handed_over` have written no ending of their own."""
        return await asyncio.shield(self._task)

    async def look(self) -> None:
        """There may be a request to cancel in the log: look at once. Safe at any time."""
        await self._journal.look()

    def hand_over(self) -> None:
        """Stop the model, drop what is not written, leave the completion to another worker."""
        self._journal.stop(Stop.HANDED_OVER)

    async def _supervise(self) -> Ending:
        self._journal.open(actor=self._actor)
        try:
            return await self._close(await self._answer())
        except JournalStopped:
            return self._left()
        finally:
            self._journal.close()

    # The answer

    async def _answer(self) -> BaseException | None:
        """Drive the run to its end. Returns what ended it, if it is not complete."""
        if self._completion.cancel_requested:
            self._journal.stop(Stop.CANCELLED)
        if self._journal.stopped:
            return JournalStopped()
        driving = asyncio.create_task(self._drive(), name=f"pump {self._run_id}")
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._parts.deadline_seconds, self._expire)
        try:
            return await self._stopped(driving)
        except asyncio.CancelledError:
            self.hand_over()
            raise
        finally:
            timer.cancel()

    async def _stopped(self, driving: asyncio.Task[None]) -> BaseException | None:
        halted = asyncio.create_task(self._halted.wait())
        await asyncio.wait({driving, halted}, return_when=asyncio.FIRST_COMPLETED)
        halted.cancel()
        await asyncio.wait({driving}, timeout=self._parts.stop_seconds)
        if not driving.done():
            logger.error("completion %s: a tool does not stop, it is left behind", self._run_id)
            driving.add_done_callback(lambda late: late.cancelled() or late.exception())
        elif not driving.cancelled():
            return driving.exception()
        return JournalStopped()

    async def _drive(self) -> None:
        if self._completion.attempt > 1:
            await self._read_earlier_attempts()
        parts, spec = self._parts, self._spec()
        name = self._completion.model or spec.model or parts.default_model
        model = parts.resolve(name)
        history = await self._journal.insist(self._read_history)
        self._witness = Witness(
            self._journal,
            self._completion,
            recorder=self._recorder,
            blobs=parts.blobs,
            model=name,
            positions=history.positions,
            keep_bodies=parts.keep_requests,
        )
        async with parts.sessions() as session:
            question = Question(
                agent=build_agent(spec),
                model=model,
                prompt=history.prompt,
                history=history.messages,
                deps=self._deps(session),
                run_id=self._run_id,
                request_limit=spec.request_limit,
                answer_characters=parts.answer_characters,
            )
            self._pump = Pump(
                self._journal,
                recorder=self._recorder,
                witness=self._witness,
                token=self._token,
            )
            await self._pump.drive(question)

    async def _read_history(self) -> History:
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is not None:
            return await foreseen
        return await read_history(self._parts.log, self._parts.threads, completion=self._completion)

    async def _read_earlier_attempts(self) -> None:
        read = partial(self._parts.log.read_stream, self._completion.id)
        events = cast("list[Recorded[CompletionEvent]]", await self._journal.insist(read))
        self._journal.transcript = Transcript.of(events)

    def _deps(self, session: AsyncSession) -> AgentDeps:
        return AgentDeps(
            session=session,
            get_session=self._parts.sessions,
            logger=logger,
            user_id=self._completion.owner_id,
            thread_id=self._completion.thread_id,
            completion_id=self._completion.id,
            journal=self._journal,
        )

    def _spec(self) -> AgentSpec:
        spec = self._parts.agents.get(self._completion.agent)
        if spec is None:
            raise AgentNotFound
        return spec

    def _expire(self) -> None:
        self._expired = True
        self._halt()

    def _halt(self) -> None:
        self._halted.set()
        self._token.cancel()

    # The end

    async def _close(self, error: BaseException | None) -> Ending:
        """Append the ending. After a conflict a stranger was quicker: look who, begin again."""
        while True:
            await self._journal.settle()
            if self._journal.stopped in NOTHING_FOLLOWS:
                return self._left()
            before = self._journal.version, self._journal.stopped
            closing = await self._closing(error)
            try:
                await self._journal.insist(partial(self._end, closing, version=before[0]))
            except StreamConflict:
                await self._journal.look()
                if before == (self._journal.version, self._journal.stopped):
                    logger.exception("completion %s: nobody was quicker", self._run_id)
                    self._journal.stop(Stop.FENCED)
            except JournalStopped:
                raise
            except Exception:
                if self._defective:
                    raise
                logger.exception("completion %s: its ending is not accepted", self._run_id)
                self._defective = True
            else:
                return closing.outcome

    async def _end(self, closing: Closing, *, version: int) -> int:
        return await self._parts.turns.end(
            replace(self._completion, version=version),
            events=closing.events,
            outcome=closing.outcome,
            answered=closing.answered,
            actor=self._actor,
        )

    def _left(self) -> Ending:
        return "handed_over" if self._journal.stopped is Stop.HANDED_OVER else "fenced"

    async def _closing(self, error: BaseException | None) -> Closing:
        ended = Ended(
            self._completion,
            self._journal,
            recorder=self._recorder,
            witness=self._witness,
            messages=self._pump.messages if self._pump else [],
            claimed_at=self._claimed_at,
        )
        if self._defective:
            return ended.broken()
        try:
            if self._expired and error is not None and not self._journal.stopped:
                return await ended.too_late(self._parts.deadline_seconds)
            return await ended.closing(error)
        except JournalStopped:
            raise
        except Exception:
            logger.exception("completion %s: its ending cannot be told", self._run_id)
            return ended.broken()
