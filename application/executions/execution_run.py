"""One claimed execution: its task is run within its time, and every end of it goes into the log."""

import asyncio
import logging
import random
from functools import partial
from typing import Any, Literal, TypeAlias

from application.executions.arguments import ArgumentsInvalid
from application.executions.claims import LOST, Claimed
from application.executions.endings import broken, ending_of, refused
from application.executions.journal import ExecutionJournal
from application.executions.parts import ExecutionParts
from application.executions.tool_execution import ToolExecution
from application.ports import StreamConflict
from application.stop import JournalStopped, Stop
from application.storable import storable
from domain.execution import Ending, Execution, Status
from domain.execution_events import (
    ExecutionCancelled,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionProgressed,
    ExecutionTimedOut,
)

logger = logging.getLogger(__name__)

MESSAGE_CHARACTERS = 1_000  # of one message on progress

Left: TypeAlias = Literal["fenced", "handed_over"]
_STATUS: dict[type[Ending], Status] = {
    ExecutionFinished: "completed",
    ExecutionFailed: "failed",
    ExecutionCancelled: "cancelled",
    ExecutionTimedOut: "timed_out",
}


class ExecutionRun:
    """Runs a claimed execution, again after an exception while that is allowed."""

    def __init__(self, parts: ExecutionParts, claimed: Claimed) -> None:
        """Call it on the event loop, at once after the claim."""
        self._parts = parts
        self._lifecycle = claimed.lifecycle
        self._halted = asyncio.Event()
        self._journal = ExecutionJournal(
            parts.log,
            claimed.execution,
            on_stop=self._halted.set,
            progress_seconds=parts.progress_seconds,
        )
        loop = asyncio.get_running_loop()
        left = claimed.seconds_left
        self._deadline = None if left is None else loop.time() + left
        self._defective = False  # has our own ending been refused for what it is?
        name = f"execution {claimed.execution.id}"
        self._task = asyncio.create_task(self._supervise(), name=name)

    async def finished(self) -> Status | Left:
        """Wait for the end. `fenced` and `handed_over` have written no ending."""
        return await asyncio.shield(self._task)

    async def look(self) -> None:
        """There may be a request to cancel in the log: look at once. Safe at any time."""
        await self._journal.look()

    def hand_over(self) -> None:
        """Stop the task; another worker begins it again, if it may be begun again."""
        self._journal.stop(Stop.HANDED_OVER)

    async def _supervise(self) -> Status | Left:
        looking = asyncio.create_task(self._look_for_ever())
        try:
            return await self._end(await self._outcome())
        except JournalStopped:
            return "handed_over" if self._journal.stopped is Stop.HANDED_OVER else "fenced"
        finally:
            looking.cancel()

    async def _look_for_ever(self) -> None:
        """Who writes nothing is not told that somebody else has taken over."""
        while True:
            await asyncio.sleep(self._parts.look_seconds)
            await self._journal.look()

    # The task

    async def _outcome(self) -> Ending:
        """Run it until it has an end. Raises JournalStopped where we have none to write."""
        try:
            return await self._attempts()
        except JournalStopped:
            raise
        except ArgumentsInvalid as error:
            return refused(error)
        except Exception:
            execution = self._journal.execution
            logger.exception("execution %s cannot be run", execution.id)
            return broken(execution)

    async def _attempts(self) -> Ending:
        arguments = self._lifecycle.arguments.check(self._journal.execution.dispatched.arguments)
        while True:
            work = asyncio.create_task(self._attempt(arguments))
            if (stopped := await self._within_bounds(work)) is not None:
                return stopped
            if work.cancelled():
                return self._failed(None)
            if (error := work.exception()) is None:
                return await self._journal.insist(partial(self._told, work.result()))
            if self._journal.execution.attempts_used_up:
                return self._failed(error)
            if (stopped := await self._again_after(error)) is not None:
                return stopped

    async def _attempt(self, arguments: dict[str, Any]) -> object:
        execution = self._journal.execution
        handle = ToolExecution(
            id=execution.id,
            attempt=execution.attempt,
            logger=logger,
            sessions=self._parts.sessions,
            report=self._report,
            thread_id=execution.thread_id,
            completion_id=execution.dispatched.completion_id,
            user_id=execution.owner_id,
        )
        return await self._lifecycle.function(handle, **arguments)

    def _report(self, fraction: float, message: str | None) -> None:
        shown = None if message is None else storable(str(message))[:MESSAGE_CHARACTERS]
        self._journal.progress(ExecutionProgressed(min(1.0, max(0.0, float(fraction))), shown))

    async def _within_bounds(self, work: asyncio.Task[Any]) -> Ending | None:
        """Let it work until its time is over or somebody stops it: then, how that ends it."""
        halted = asyncio.create_task(self._halted.wait())
        try:
            await asyncio.wait(
                {work, halted}, timeout=self._seconds_left(), return_when=asyncio.FIRST_COMPLETED
            )
            if work.done():
                return None
            await self._stop(work)
            return self._stopped()
        except asyncio.CancelledError:  # the process ends
            work.cancel()
            raise
        finally:
            halted.cancel()

    async def _stop(self, work: asyncio.Task[Any]) -> None:
        work.cancel()
        await asyncio.wait({work}, timeout=self._parts.stop_seconds)
        if not work.done():
            logger.error(
                "execution %s does not stop, it is left behind", self._journal.execution.id
            )
            work.add_done_callback(lambda late: late.cancelled() or late.exception())

    def _stopped(self) -> Ending:
        """The end of what was stopped. Raises JournalStopped where it is another worker's."""
        execution, why = self._journal.execution, self._journal.stopped
        if why is None:
            assert execution.dispatched.timeout_seconds is not None
            return ExecutionTimedOut(execution.dispatched.timeout_seconds)
        if why is Stop.CANCELLED:
            return ExecutionCancelled(execution.cancel_reason)
        if why is Stop.HANDED_OVER and execution.attempts_used_up:
            return ExecutionFailed("outcome_unknown", LOST)
        raise JournalStopped

    def _failed(self, error: BaseException | None) -> Ending:
        execution = self._journal.execution
        logger.error(
            "execution %s of %s failed", execution.id, execution.dispatched.tool, exc_info=error
        )
        return broken(execution)

    async def _again_after(self, error: BaseException) -> Ending | None:
        """Wait, and begin the next attempt; or else, how it was stopped."""
        execution = self._journal.execution
        assert execution.worker_id is not None
        [again] = execution.claim(execution.worker_id)
        pause = self._pause(execution.attempt)
        told = execution.id, execution.attempt, pause
        logger.warning("execution %s, attempt %d failed, again in %.1f s", *told, exc_info=error)
        stopped = await self._within_bounds(asyncio.create_task(asyncio.sleep(pause)))
        if stopped is not None:
            return stopped
        try:
            await self._journal.append(again)
        except JournalStopped:
            return self._stopped()
        return None

    def _pause(self, attempt: int) -> float:
        most = min(
            self._parts.longest_pause_seconds, self._parts.first_pause_seconds * 2 ** (attempt - 1)
        )
        return most * random.uniform(0.5, 1.0)  # noqa: S311

    def _seconds_left(self) -> float | None:
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - asyncio.get_running_loop().time())

    # The end

    async def _told(self, value: object) -> Ending:
        return await ending_of(value, execution=self._journal.execution, blobs=self._parts.blobs)

    async def _end(self, ending: Ending) -> Status:
        """Append it. After a conflict a stranger was quicker: look who, begin again."""
        while True:
            await self._journal.close()
            execution = self._journal.execution
            if execution.cancel_requested:
                ending = ExecutionCancelled(execution.cancel_reason)
            try:
                await self._journal.insist(partial(self._append, ending, to=execution))
            except StreamConflict:
                await self._journal.look()
                self._journal.fence_unless_moved(execution.version)
            except JournalStopped:
                raise
            except Exception:
                if self._defective:
                    raise
                logger.exception("execution %s: its ending is not accepted", execution.id)
                self._defective, ending = True, broken(execution)
            else:
                return _STATUS[type(ending)]

    async def _append(self, ending: Ending, *, to: Execution) -> int:
        return await self._parts.turns.end_tool(to, events=[ending], actor=self._journal.actor)
