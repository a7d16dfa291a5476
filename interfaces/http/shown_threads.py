"""The row of a thread that the caller may read; everything inside a thread is read through it."""

from uuid import UUID

from application.commands.context import Principal, readable_thread
from domain.refusals import ThreadNotFound
from interfaces.http.freshness import row_of
from interfaces.http.resources import Resources
from projections import threads
from projections.threads import Thread


async def shown_thread(here: Resources, thread_id: UUID, *, by: Principal, what: str) -> Thread:
    """An auditor's look is written down before it is answered. Raises ThreadNotFound."""

    async def is_in_log() -> bool:
        try:
            await readable_thread(here.application, thread_id, by=by)
        except ThreadNotFound:
            return False
        return True

    row = await row_of(
        here,
        lambda session: threads.get(session, thread_id, reader=by),
        is_in_log=is_in_log,
        missing=ThreadNotFound,
    )
    await here.access_log.read([(row.id, row.user_id)], by=by, what=what)
    return row
