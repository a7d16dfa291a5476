"""What the workers say of the agents that they answer with, and of those agents' tools."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class ToolDescription:
    """A tool, as the model knows it, and what it says of itself."""

    name: str
    description: str | None
    effect: Literal["none", "idempotent", "once"]
    timeout_seconds: float
    requires_approval: bool  # of a person, before each call


@dataclass(frozen=True)
class AgentDescription:
    """An agent, by the name that threads know it by."""

    name: str
    model: str
    tools: tuple[ToolDescription, ...] = ()


@dataclass(frozen=True)
class AgentsDescribed:
    """From now on workers answer with these agents; the last such event is what holds."""

    agents: tuple[AgentDescription, ...]
