"""What operators do to an installation: to its read models and to its analysts' logins."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

ProjectionAct: TypeAlias = Literal["rebuild", "pause", "resume"]


@dataclass(frozen=True)
class ProjectionPaused:
    """A read model stands still until it is resumed."""

    projection: str


@dataclass(frozen=True)
class ProjectionResumed:
    """A read model goes on."""

    projection: str


@dataclass(frozen=True)
class ProjectionSkipped:
    """An event that a read model cannot apply is passed over, by this version of it."""

    projection: str
    version: int
    position: int  # of the event
    error: str  # why it cannot be applied
    reason: str | None = None  # why somebody decided so


@dataclass(frozen=True)
class ProjectionActRequested:
    """Somebody wants something of a read model; the projector that leads does it."""

    projection: str
    act: ProjectionAct


@dataclass(frozen=True)
class ProjectionSwapped:
    """Readers see other tables of a read model: made again, or the ones before."""

    projection: str
    version: int
    position: int  # up to which they had followed the log


@dataclass(frozen=True)
class AnalystCreated:
    """A login of the database may read the schema `analytics`."""

    login: str
    texts: bool = False  # also what people wrote?


@dataclass(frozen=True)
class AnalystDropped:
    """The login is no more."""

    login: str


OperationEvent: TypeAlias = (
    ProjectionPaused
    | ProjectionResumed
    | ProjectionSkipped
    | ProjectionActRequested
    | ProjectionSwapped
    | AnalystCreated
    | AnalystDropped
)
