"""What background tools are run with: ports and times, one of each per worker process."""

from dataclasses import dataclass

from application.executions.tool_execution import Sessions
from application.ports import BlobStore, EventLog
from application.turns import Turns


@dataclass(frozen=True)
class ExecutionParts:
    """What every run uses, one of each per worker process."""

    log: EventLog
    turns: Turns
    blobs: BlobStore
    sessions: Sessions
    stop_seconds: float = 1.0  # for a task to stop; one that does not is left behind
    first_pause_seconds: float = 1.0  # before it is begun again; doubles, and varies
    longest_pause_seconds: float = 30.0
    progress_seconds: float = 0.25  # between two events on progress
    look_seconds: float = 5.0  # between two looks at whether a quiet task is still ours
