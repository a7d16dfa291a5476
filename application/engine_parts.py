"""What the engine works with: ports, agents and models, one of each per worker process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic_ai.models import Model

from application.agents import AgentSpec, Sessions
from application.answer_limit import ANSWER_CHARACTERS
from application.model_retries import NORMAL_RETRIES, ModelRetries
from application.ports import BlobStore, EventLog
from application.threads import Threads
from application.turns import Turns


@dataclass(frozen=True)
class EngineParts:
    """What every run uses. `resolve` gives the model of a name."""

    log: EventLog
    threads: Threads
    turns: Turns
    blobs: BlobStore
    agents: Mapping[str, AgentSpec]
    resolve: Callable[[str], Model]
    default_model: str
    sessions: Sessions
    deadline_seconds: float = 900.0  # for one attempt at an answer
    stop_seconds: float = 5.0  # for a run to stop; a tool that does not is left behind
    answer_characters: int = ANSWER_CHARACTERS  # reasoning and tools' arguments included
    model_retries: ModelRetries = NORMAL_RETRIES
    keep_requests: bool = False  # keep the bodies of requests to the model as blobs
