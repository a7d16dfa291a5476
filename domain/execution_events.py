"""What happens to a background tool once it is handed over."""

from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from domain.jsonvalue import JsonObject

ExecutionFailureType: TypeAlias = Literal["internal_error", "validation_error", "not_found"]


@dataclass(frozen=True)
class ExecutionDispatched:
    """A background tool waits for a worker. `task` and `arguments` are enough to send it again."""

    completion_id: UUID
    tool_call_id: str
    tool: str
    task: str
    arguments: JsonObject
    timeout_seconds: int | None = None


@dataclass(frozen=True)
class ExecutionStarted:
    """A worker claimed the execution; `attempt` numbers the claims."""

    attempt: int
    worker_id: UUID


@dataclass(frozen=True)
class ExecutionProgressed:
    """How far it is."""

    fraction: float  # 0 to 1
    message: str | None = None


@dataclass(frozen=True)
class ExecutionCancelRequested:
    """Somebody wants no result of it any more."""

    reason: str | None = None


@dataclass(frozen=True)
class ExecutionFinished:
    """The tool gave its result."""

    result: JsonObject


@dataclass(frozen=True)
class ExecutionFailed:
    """The tool ended in an error."""

    type: ExecutionFailureType
    message: str


@dataclass(frozen=True)
class ExecutionCancelled:
    """The tool was stopped."""

    reason: str | None = None


@dataclass(frozen=True)
class ExecutionTimedOut:
    """The tool did not end in its time."""

    timeout_seconds: int


ExecutionEvent: TypeAlias = (
    ExecutionDispatched
    | ExecutionStarted
    | ExecutionProgressed
    | ExecutionCancelRequested
    | ExecutionFinished
    | ExecutionFailed
    | ExecutionCancelled
    | ExecutionTimedOut
)
