"""Whoever leads does what operators have asked for: makes read models again, pauses, resumes."""

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from domain.ids import projection_stream
from domain.operation_events import ProjectionPaused, ProjectionResumed
from domain.refusals import Refusal
from infrastructure.event_log.codec import Codec
from infrastructure.event_log.reader import LogReader
from infrastructure.event_log.statements import statement
from infrastructure.projecting import acts
from infrastructure.projecting.requests import Request, open_requests
from infrastructure.projecting.swapping import rebuild
from infrastructure.read_database import driver_error, is_outage
from projections.checkpoints import CheckpointMoved
from projections.projection import Poisoned, Projection

LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class RequestedActs:
    """Looks at the streams of read models, and takes up what is asked for and not yet done.

    A request is open until the act itself is in the log: whoever leads next goes on with it.
    """

    def __init__(
        self,
        url: str,
        projections: Sequence[Projection],
        *,
        reader: LogReader,
        codec: Codec,
        retry_seconds: float,
    ) -> None:
        self._url = url
        self._projections = {projection_stream(one.name): one for one in projections}
        self._reader = reader
        self._codec = codec
        self._retry_seconds = retry_seconds
        self._ends: dict[UUID, int | None] = {}  # as they were when a stream was last looked at
        self._taken: set[tuple[UUID, int]] = set()

    async def run(self) -> None:
        """For ever. Raises LogUnavailable, and what an outage of the database raises."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    for request in await self._new():
                        tasks.create_task(self._carry_out(request))
                    await asyncio.sleep(LOOK_SECONDS)
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    async def _new(self) -> list[Request]:
        sql = statement("stream_ends", package="infrastructure.projecting")
        ends = {row[0]: row[1] for row in await self._reader.database.run(sql, self._streams)}
        found: list[Request] = []
        for stream, end in ends.items():
            if end != self._ends.get(stream):
                found += await self._open(stream)
        self._ends = ends
        new = [one for one in found if (one.stream_id, one.version) not in self._taken]
        self._taken.update((one.stream_id, one.version) for one in new)
        return new

    @property
    def _streams(self) -> list[UUID]:
        return list(self._projections)

    async def _open(self, stream: UUID) -> list[Request]:
        entries = await self._reader.read_stream(stream)
        return open_requests(map(self._codec.decode, entries))

    async def _carry_out(self, request: Request) -> None:
        """Until it is done, or answered by somebody else's doing."""
        told = ""
        while True:
            try:
                await self._do(request)
            except (Refusal, Poisoned, CheckpointMoved) as error:
                trouble = f"{type(error).__name__}: {error}"
            except DBAPIError as error:
                if is_outage(error):
                    raise
                trouble = repr(driver_error(error))
            else:
                return
            if trouble != told:
                told = trouble
                shown = trouble.encode("unicode_escape").decode()
                event = request.event
                logger.warning("projector: %s: %s waits: %s", event.projection, event.act, shown)
            await asyncio.sleep(self._retry_seconds)
            if request not in await self._open(request.stream_id):
                return

    async def _do(self, request: Request) -> None:
        projection, actor = self._projections[request.stream_id], request.actor
        name = projection.name
        match request.event.act:
            case "rebuild":
                await rebuild(self._url, projection, actor=actor, codec=self._codec)
            case "pause":
                if not await acts.pause(self._url, name, actor=actor):
                    await acts.record(self._url, name, ProjectionPaused(name), actor=actor)
            case "resume":
                if not await acts.resume(self._url, name, actor=actor):
                    await acts.record(self._url, name, ProjectionResumed(name), actor=actor)
