"""What this process has for background tools; a worker process says so when it starts."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from application.executions.tool_execution import Sessions
from application.result_tokens import ReadSecret


@dataclass(frozen=True)
class Here:
    """`run` claims one execution, unless somebody else has, and returns when it has stopped."""

    sessions: Sessions
    result_secret: ReadSecret
    run: Callable[[UUID], Awaitable[object]] | None = None  # None: background tools run elsewhere


HERE: ContextVar[Here | None] = ContextVar("threadlog background tools", default=None)
"""Set once, before the process's tasks begin: each of them inherits it."""


class NoWorkerHere(RuntimeError):
    """Background tools run in a tools worker; call the task with None to run it as a plain task."""

    def __str__(self) -> str:
        return type(self).__doc__ or ""
