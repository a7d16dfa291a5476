"""What happens to a background tool once it is handed over."""

from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from domain.jsonvalue import JsonObject

ExecutionFailureType: TypeAlias = Literal[
    "internal_error",
    "validation_error",
    "not_found",
    "permission_denied",
    "rate_limit",
    "outcome_unknown",
]


@dataclass(frozen=True)
class ExecutionDispatched:
    """A background tool waits for a worker. `task` and `arguments` are enough to send it again."""

    completion_id: UUID
    tool_call_id: str
    tool: str
    task: str | None  # None: somebody outside works on it
    arguments: JsonObject
    timeout_seconds: int | None = None
    retries: int = 0  # how often it may be begun again
    continues: bool = False  # does its result begin an answer by itself, where the thread is idle?


@dataclass(frozen=True)
class ExecutionAwaited:
    """Its result comes from outside: no worker of ours runs it."""


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

    result: JsonObject | None  # None where it is too large for an event: it stands in a blob
    content: str = ""  # what the model reads, at most 16 kB
    message: str | None = None  # for people
    result_sha256: str | None = None  # of the blob


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
    | ExecutionAwaited
    | ExecutionStarted
    | ExecutionProgressed
    | ExecutionCancelRequested
    | ExecutionFinished
    | ExecutionFailed
    | ExecutionCancelled
    | ExecutionTimedOut
)
