"""What happens between a question and its answer, every step."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import Field

from domain.jsonvalue import JsonObject

ChunkKind: TypeAlias = Literal["text", "reasoning", "tool_arguments"]
FailureType: TypeAlias = Literal[
    "rate_limited",
    "overloaded",
    "timeout",
    "rejected",
    "context_too_long",
    "authentication",
    "internal",
    "worker_lost",
]
InterruptReason: TypeAlias = Literal["worker_lost", "handed_over", "model_retried"]
ToolOutcome: TypeAlias = Literal[
    "completed", "pending", "error", "failed", "cancelled", "outcome_unknown"
]

# Not stored as null: most events of a log are chunks, and most chunks are text.
WhereThereIsOne: TypeAlias = Annotated[str | None, Field(exclude_if=lambda given: given is None)]


@dataclass(frozen=True)
class CompletionRequested:
    """An answer to a message was asked for; any worker may claim it."""

    thread_id: UUID
    message_id: UUID
    agent: str
    model: str | None = None  # None: the agent's own


@dataclass(frozen=True)
class CompletionStarted:
    """A worker claimed the completion; `attempt` numbers the claims."""

    attempt: int
    worker_id: UUID


@dataclass(frozen=True)
class ModelRequested:
    """A request is about to be sent to the provider; committed before its first byte leaves.

    What is sent: the messages at `messages`, then what this attempt has recorded so far, with the
    tools and instructions of the named blobs.
    """

    attempt: int
    step: int
    model: str
    settings: JsonObject
    tools: str | None  # sha256 of a blob
    instructions: str | None  # sha256 of a blob
    messages: tuple[int, ...]  # positions of earlier completions' events, in order
    sdk: str
    body_sha256: str | None = None  # of the HTTP body as sent; None for a model inside the process
    named: str | None = None  # the model as it is named here, such as openai-chat:gpt-5
    base_url: str | None = None  # of the provider
    body_bytes: int | None = None  # of the HTTP body


@dataclass(frozen=True)
class Chunk:
    """Some characters of the answer, as they came.

    `deltas` keeps the provider's own pieces: [characters, milliseconds since the piece before].
    A part begins with its first chunk; it ends with the next part, tool call or recorded message.
    """

    attempt: int
    step: int
    part: int
    kind: ChunkKind
    text: str
    deltas: tuple[tuple[int, int], ...]
    tool_call_id: WhereThereIsOne = None  # of the call that these are the arguments of


@dataclass(frozen=True)
class MessageRecorded:
    """One whole message of the model's history, exactly as pydantic-ai has it."""

    attempt: int
    step: int
    message: JsonObject


@dataclass(frozen=True)
class ToolCalled:
    """The model asked for a tool; committed before the tool runs."""

    attempt: int
    step: int
    tool_call_id: str  # given by the model provider
    tool: str
    arguments: JsonObject


@dataclass(frozen=True)
class ToolReturned:
    """The one result of a tool call."""

    tool_call_id: str
    tool: str
    outcome: ToolOutcome
    content: str  # what the model reads, at most 16 kB; longer ones stand in a blob
    content_sha256: str | None = None
    message: str | None = None  # for people
    code: str | None = None  # why there is no result, such as not_found


@dataclass(frozen=True)
class ToolDispatched:
    """A background tool was handed to a worker; its own stream begins in the same append."""

    tool_call_id: str
    execution_id: UUID
    tool: str
    arguments: JsonObject


@dataclass(frozen=True)
class InputTaken:
    """Messages and background tools' results entered an answer before its next request."""

    message_ids: tuple[UUID, ...] = ()
    execution_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class CompletionWaiting:
    """A person must approve these tool calls; no worker is held meanwhile."""

    tool_call_ids: tuple[str, ...]


@dataclass(frozen=True)
class ApprovalAnswered:
    """A person approved or denied a tool call."""

    tool_call_id: str
    approved: bool
    reason: str | None = None


@dataclass(frozen=True)
class CancelRequested:
    """Somebody wants no more of this answer. Only the closing append may follow."""

    reason: str | None = None


@dataclass(frozen=True)
class CompletionInterrupted:
    """An attempt ended without an answer. What it said after `kept_through` is void."""

    attempt: int
    kept_through: int  # a position: the next attempt goes on from there
    reason: InterruptReason
    error: FailureType | None = None  # of the model, where that is the reason
    message: str | None = None  # for the user
    retry_in_ms: int | None = None  # how long the next attempt waits


@dataclass(frozen=True)
class Usage:
    """What the provider counted."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    estimated: bool = False  # an interrupted request's output is estimated from its text


@dataclass(frozen=True)
class Answer:
    """What every ending says of the answer: its text is the committed chunks that are not void."""

    text: str  # the first 32,000 characters, for clients
    characters: int
    sha256: str  # of the whole text as UTF-8
    usage: Usage
    model: str | None = None
    cost_microdollars: int | None = None  # None: the price is not known
    time_to_first_token_ms: int | None = None  # from the claim
    duration_ms: int | None = None  # from the claim


@dataclass(frozen=True)
class CompletionFinished:
    """The answer is complete."""

    attempt: int
    answer: Answer


@dataclass(frozen=True)
class CompletionFailed:
    """The answer ended in an error; the text so far is kept."""

    attempt: int
    type: FailureType
    message: str  # for the user
    answer: Answer
    retryable: bool = False
    status: int | None = None  # of the provider's HTTP answer
    provider_request_id: str | None = None


@dataclass(frozen=True)
class CompletionCancelled:
    """The answer was stopped; the text so far is kept."""

    attempt: int
    answer: Answer
    reason: str | None = None


CompletionEvent: TypeAlias = (
    CompletionRequested
    | CompletionStarted
    | ModelRequested
    | Chunk
    | MessageRecorded
    | ToolCalled
    | ToolReturned
    | ToolDispatched
    | InputTaken
    | CompletionWaiting
    | ApprovalAnswered
    | CancelRequested
    | CompletionInterrupted
    | CompletionFinished
    | CompletionFailed
    | CompletionCancelled
)
