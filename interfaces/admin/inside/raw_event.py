"""One event of the log as a file of JSON, however large it is."""

from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.responses import Response

from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.ranges import LAST, read_range
from infrastructure.event_log.reader import LogReader
from infrastructure.relay.frames import is_public
from interfaces.admin.inside.event_rows import body_of
from interfaces.admin.pages import HEADERS


async def event_file(
    reader: LogReader, position: int, *, thread_id: UUID | None, sees_all: bool
) -> Response:
    """Of this thread, or of the whole log; 404 for one that is not there, or not for the reader."""
    entry = await _entry_at(reader, position)
    if entry is None or (thread_id is not None and entry.thread_id != thread_id):
        raise HTTPException(404)
    if not sees_all and not is_public(entry):
        raise HTTPException(404)
    return json_file(body_of(entry, sees_all=sees_all), name=f"event-{position}")


def json_file(body: bytes, *, name: str) -> Response:
    """Shown by the browser as what it is."""
    headers = {**HEADERS, "content-disposition": f'inline; filename="{name}"'}
    return Response(body, media_type="application/json", headers=headers)


async def _entry_at(reader: LogReader, position: int) -> LogEntry | None:
    if not 0 < position < LAST:
        return None
    found = await read_range(reader.database, after=position - 1, through=position, limit=1)
    return found[0] if found else None
