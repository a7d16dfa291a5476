"""What a background task is given as its first parameter."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

Sessions: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, eq=False)
class ToolExecution:
    """One attempt at a background tool.

    As a plain task, outside any chat, it has no thread, completion or user.
    """

    id: UUID
    attempt: int  # 1, 2 … of its claims
    logger: logging.Logger
    sessions: Sessions
    report: Callable[[float, str | None], None]
    thread_id: UUID | None = None
    completion_id: UUID | None = None
    user_id: UUID | None = None

    @property
    def idempotency_key(self) -> UUID:
        """The same in every attempt: for whoever can tell a repetition by it."""
        return self.id

    def get_session(self) -> AbstractAsyncContextManager[AsyncSession]:
        """A session on the read models, read-only: `async with execution.get_session() as …`.

        It holds a connection only while a statement runs.
        """
        return self.sessions()

    async def progress(self, fraction: float, message: str | None = None) -> None:
        """Say how far it is, 0 to 1. Never fails and never waits for the log.

        Of what is said in quick succession only the latest is kept.
        """
        self.report(fraction, message)
        await asyncio.sleep(0)  # a request to cancel gets through
