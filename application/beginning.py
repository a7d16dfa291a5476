"""What an attempt begins with: the agent, its model, the conversation, what has been done of it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model

from application.accounting import responses_in
from application.agents import AgentSpec, tool_options
from application.engine_parts import EngineParts
from application.history import History
from application.journal import Journal
from application.resumption import Resumption, resume
from application.transcript import Transcript
from domain.completion import Completion
from domain.completion_events import CompletionEvent
from domain.recorded import Recorded
from domain.refusals import AgentNotFound


@dataclass(frozen=True)
class Earlier:
    """What attempts before this one have done, and what they cost."""

    resumption: Resumption
    spent: Sequence[ModelResponse] = ()


@dataclass(frozen=True)
class Beginning:
    """All that is known before the first request."""

    spec: AgentSpec
    model_name: str
    model: Model
    history: History
    resumption: Resumption

    @property
    def positions(self) -> tuple[int, ...]:
        """Of the events that the model is told of besides what this attempt records."""
        return self.history.positions + self.resumption.positions


async def earlier_attempts(parts: EngineParts, completion: Completion, journal: Journal) -> Earlier:
    """From the log; the journal's transcript goes on from there. Raises JournalStopped."""
    if completion.attempt == 1:
        return Earlier(Resumption())
    read = partial(parts.log.read_stream, completion.id)
    events = cast("list[Recorded[CompletionEvent]]", await journal.insist(read))
    journal.transcript = Transcript.of(events)
    spec = parts.agents.get(completion.agent, AgentSpec())  # without it, nothing will run
    return Earlier(resume(events, options=tool_options(spec)), responses_in(events))


async def begin(
    parts: EngineParts,
    completion: Completion,
    *,
    resumption: Resumption,
    read_history: Callable[[], Awaitable[History]],
) -> Beginning:
    """Raises AgentNotFound, and what resolving the model and reading do."""
    spec = _spec(parts, completion)
    name = completion.model or spec.model or parts.default_model
    return Beginning(spec, name, parts.resolve(name), await read_history(), resumption)


def _spec(parts: EngineParts, completion: Completion) -> AgentSpec:
    spec = parts.agents.get(completion.agent)
    if spec is None:
        raise AgentNotFound
    return spec
