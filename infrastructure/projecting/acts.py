"""What operators do to a read model that runs: it stands still, goes on, skips an event."""

from application.at_end import append_at_end
from domain.ids import projection_stream
from domain.operation_events import (
    OperationEvent,
    ProjectionPaused,
    ProjectionResumed,
    ProjectionSkipped,
)
from domain.refusals import Refusal
from infrastructure.event_log import PostgresEventLog
from infrastructure.read_database import projector_engine
from projections import checkpoints


class NeverMade(Refusal):
    """It has no tables yet. Start a projector first."""


class StandsElsewhere(Refusal):
    """It does not stand before that event."""

    def __init__(self, stops: list[int]) -> None:
        super().__init__(stops)
        self.stops = stops

    def __str__(self) -> str:
        if not self.stops:
            return "It does not stand before any event: there is nothing to skip."
        return f"It stands before {' and '.join(map(str, self.stops))}, not there."


async def pause(url: str, name: str, *, actor: str) -> bool:
    """Let what readers see stand still, as a recorded act. False: it did. Raises NeverMade."""
    return await _pause(url, name, ProjectionPaused(name), actor=actor)


async def resume(url: str, name: str, *, actor: str) -> bool:
    """Let it go on, as a recorded act. False: it was not paused. Raises NeverMade."""
    return await _pause(url, name, ProjectionResumed(name), actor=actor)


async def _pause(
    url: str, name: str, act: ProjectionPaused | ProjectionResumed, *, actor: str
) -> bool:
    engine = projector_engine(url)
    try:
        async with engine.begin() as connection:
            if await checkpoints.read_active(connection, name) is None:
                raise NeverMade
            paused = isinstance(act, ProjectionPaused)
            changed = await checkpoints.pause(connection, name, paused=paused)
    finally:
        await engine.dispose()
    if changed:
        await record(url, name, act, actor=actor)
    return changed


async def skip(
    url: str, name: str, *, position: int, reason: str | None, actor: str
) -> ProjectionSkipped:
    """Pass over the event before which a copy stands: the recorded act is what does it.

    Whoever fills the copy goes on when it tries again, within seconds. Raises StandsElsewhere.
    """
    engine = projector_engine(url)
    try:
        async with engine.connect() as connection:
            copies = await checkpoints.read_all(connection)
    finally:
        await engine.dispose()
    stopped = [copy for copy in copies if copy.name == name and copy.stopped_at is not None]
    for copy in stopped:
        if copy.stopped_at == position:
            act = ProjectionSkipped(name, copy.version, position, copy.error or "", reason)
            await record(url, name, act, actor=actor)
            return act
    raise StandsElsewhere(sorted({copy.stopped_at for copy in stopped if copy.stopped_at}))


async def record(
    url: str,
    name: str,
    act: OperationEvent,
    *,
    actor: str,
) -> None:
    """Write down that it was done."""
    async with PostgresEventLog(url, connections=1) as log:
        await append_at_end(log, projection_stream(name), [act], actor=actor)
