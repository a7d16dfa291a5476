"""A run: the attempts of one worker at one answer, with pauses where the model is in trouble."""

import asyncio
import time

from application.attempt import Attempt
from application.engine_parts import EngineParts
from application.history import History
from application.last_append import Again, Ending
from domain.completion import Completion

__all__ = ["Ending", "Run"]


class Run:
    """From a claim to the end, or to where the completion is left to others."""

    def __init__(
        self,
        parts: EngineParts,
        completion: Completion,
        *,
        claimed_at: float | None,
        history: asyncio.Task[History] | None,
    ) -> None:
        self._parts = parts
        self._claimed_at = time.monotonic() if claimed_at is None else claimed_at
        self._attempt = Attempt(parts, completion, claimed_at=self._claimed_at, history=history)
        self._leaving = False
        self._task = asyncio.create_task(self._run(), name=f"completion {completion.id}")

    async def finished(self) -> Ending:
        """Wait for the end. `waiting`: for a person; `fenced`, `handed_over`: others go on."""
        return await asyncio.shield(self._task)

    async def look(self) -> None:
        """There may be a request to cancel in the log: look at once. Safe at any time."""
        await self._attempt.look()

    def hand_over(self) -> None:
        """Leave the completion to another worker, once the tools that run have returned.

        Asked a second time it does not wait for them.
        """
        self._leaving = True
        self._attempt.hand_over()

    async def _run(self) -> Ending:
        while isinstance(ended := await self._attempt.run(), Again):
            self._attempt = Attempt(
                self._parts,
                ended.completion,
                claimed_at=self._claimed_at,
                pause_seconds=ended.pause_seconds,
            )
            if self._leaving:
                self._attempt.hand_over()
        return ended
