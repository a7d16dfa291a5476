"""ChatEngine: answers claimed completions with pydantic-ai and puts every word into the log."""

import asyncio
from uuid import UUID

import pydantic_ai

from application.engine_parts import EngineParts
from application.history import History, read_history
from application.run import Run
from domain.completion import Completion


class ChatEngine:
    """One per worker process."""

    def __init__(self, parts: EngineParts) -> None:
        self._parts = parts
        self._foreseen: dict[UUID, asyncio.Task[History]] = {}
        pydantic_ai.BANNER_ENABLED = False  # standard error is for our own log

    def foresee(self, completion: Completion) -> None:
        """Read its history while it is being claimed: what a message answers never changes."""
        read = read_history(self._parts.log, self._parts.threads, completion=completion)
        self._foreseen[completion.id] = task = asyncio.create_task(read)
        task.add_done_callback(lambda read: read.cancelled() or read.exception())

    def forget(self, completion_id: UUID) -> None:
        """It was not claimed, or has begun. Safe to repeat."""
        if (reading := self._foreseen.pop(completion_id, None)) is not None:
            reading.cancel()

    def start(self, completion: Completion, *, claimed_at: float | None = None) -> Run:
        """Begin to answer a completion as the claim left it; call it on the event loop, at once.

        `claimed_at` is when that was, in monotonic seconds; None: now.
        """
        history = self._foreseen.pop(completion.id, None)
        return Run(self._parts, completion, claimed_at=claimed_at, history=history)
