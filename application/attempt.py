"""One attempt at an answer: the model is driven, every word goes into the log, and the end too."""

import asyncio
import logging
from contextlib import suppress
from functools import partial

from pydantic_ai import CancellationToken
from sqlalchemy.ext.asyncio import AsyncSession

from application.agents import AgentDeps, AgentSpec, build_agent
from application.beginning import Beginning, Earlier, begin, earlier_attempts
from application.closing import Closing, Ended
from application.engine_parts import EngineParts
from application.history import History, read_history
from application.inbox import Inbox
from application.journal import Journal
from application.last_append import Again, Ending, LastAppend
from application.pump import Pump, Question
from application.recorder import Recorder
from application.stop import JournalStopped, Stop
from application.witness import Witness
from domain.completion import Completion

logger = logging.getLogger(__name__)


class Attempt:
    """One attempt, from its claim on."""

    def __init__(
        self,
        parts: EngineParts,
        completion: Completion,
        *,
        claimed_at: float,
        history: asyncio.Task[History] | None = None,
        pause_seconds: float = 0.0,
    ) -> None:
        self._parts = parts
        self._completion = completion
        self._claimed_at = claimed_at
        self._foreseen = history
        self._pause_seconds = pause_seconds
        self._run_id = f"{completion.id}.{completion.attempt}"
        self._actor = f"worker:{completion.worker_id}"
        self._token = CancellationToken()
        self._journal = Journal(parts.log, completion, on_stop=self._halt)
        self._last = LastAppend(parts, self._journal, actor=self._actor)
        self._recorder = Recorder(run_id=self._run_id, attempt=completion.attempt)
        self._earlier: Earlier | None = None
        self._witness: Witness | None = None
        self._pump: Pump | None = None
        self._halted = asyncio.Event()
        self._expired = False
        self._leaving = False

    async def look(self) -> None:
        """There may be a request to cancel in the log: look at once. Safe at any time."""
        await self._journal.look()

    def hand_over(self) -> None:
        """Leave the completion to another worker: once its tools have returned, else at once.

        Asked a second time it does not wait for them.
        """
        if self._pump is not None and self._pump.in_tools and not self._leaving:
            self._leaving = True
            self._pump.leave_after_tools()
        else:
            self._journal.stop(Stop.HANDED_OVER)

    async def run(self) -> Ending | Again:
        """To the end. `fenced` and `handed_over` have written no ending of their own."""
        self._journal.open(actor=self._actor)
        try:
            return await self._last.append(partial(self._closing, await self._answer()))
        except JournalStopped:
            return self._last.left()
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
        parts = self._parts
        self._earlier = earlier = await earlier_attempts(parts, self._completion, self._journal)
        if self._pause_seconds:
            await self._wait()
        beginning = await begin(
            parts,
            self._completion,
            resumption=earlier.resumption,
            read_history=partial(self._journal.insist, self._read_history),
        )
        self._pump = self._new_pump(beginning)
        async with parts.sessions() as session:
            question = self._question(beginning, session)
            del beginning  # the thread's events need not live as long as the answer
            await self._pump.drive(question)

    def _question(self, beginning: Beginning, session: AsyncSession) -> Question:
        spec, resumption = beginning.spec, beginning.resumption
        return Question(
            agent=build_agent(spec),
            model=beginning.model,
            prompt=beginning.history.prompt,
            history=[*beginning.history.messages, *resumption.messages],
            resumption=resumption,
            deps=self._deps(spec, session),
            run_id=self._run_id,
            request_limit=max(1, spec.request_limit - resumption.steps),
        )

    async def _wait(self) -> None:
        """Raises JournalStopped as soon as somebody wants no more of it."""
        await self._journal.look()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._pause_seconds):
                await self._halted.wait()
                raise JournalStopped

    def _new_pump(self, beginning: Beginning) -> Pump:
        parts, journal, completion = self._parts, self._journal, self._completion
        resumption = beginning.resumption
        self._recorder.begin_after(resumption.steps)
        self._witness = Witness(
            journal,
            completion,
            recorder=self._recorder,
            blobs=parts.blobs,
            model=beginning.model_name,
            positions=beginning.positions,
            keep_bodies=parts.keep_requests,
            unasked=resumption.unasked,
        )
        left, events = resumption.taken, beginning.history.events
        inbox = Inbox(parts.log, parts.threads, journal, completion, left=left, events=events)
        journal.add(*resumption.lost)
        return Pump(
            journal,
            recorder=self._recorder,
            witness=self._witness,
            inbox=inbox,
            token=self._token,
            answer_characters=parts.answer_characters,
        )

    async def _read_history(self) -> History:
        foreseen, self._foreseen = self._foreseen, None
        if foreseen is not None:
            return await foreseen
        return await read_history(self._parts.log, self._parts.threads, completion=self._completion)

    def _deps(self, spec: AgentSpec, session: AsyncSession) -> AgentDeps:
        return AgentDeps(
            session=session,
            get_session=self._parts.sessions,
            logger=logger,
            user_id=self._completion.owner_id,
            thread_id=self._completion.thread_id,
            completion_id=self._completion.id,
            journal=self._journal,
            auto_continue=spec.auto_continue,
        )

    def _expire(self) -> None:
        self._expired = True
        self._halt()

    def _halt(self) -> None:
        self._halted.set()
        self._token.cancel()

    # The end

    async def _closing(self, error: BaseException | None) -> Closing:
        if self._earlier is None:  # it was stopped before it could read
            self._earlier = await earlier_attempts(self._parts, self._completion, self._journal)
        ended = Ended(
            self._completion,
            self._journal,
            recorder=self._recorder,
            witness=self._witness,
            messages=self._pump.messages if self._pump else [],
            deferred=self._pump.deferred if self._pump else (),
            spent=self._earlier.spent,
            claimed_at=self._claimed_at,
            retries=self._parts.model_retries,
        )
        if self._last.defective:
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
