"""A thread's current branch, page by page: all pages show the branch that the first one showed."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from application.commands.context import Principal
from interfaces.http.paging import Paging, cursor_of, number, open_cursor
from interfaces.http.refusals import PageCursorIsMalformed
from projections import messages
from projections.messages import Message
from projections.threads import Thread

KIND = "branch"


async def branch_page(
    session: AsyncSession, thread: Thread, *, pages: Paging, by: Principal
) -> tuple[Sequence[Message], str | None]:
    """The messages of a page and the next one's cursor, which names the branch by its end."""
    head, begin = (thread.head, 0) if pages.cursor is None else _opened(pages.cursor)
    page = await messages.path(
        session, thread.id, head=head, reader=by, limit=pages.limit, cursor=begin
    )
    return page.items, None if page.next is None else cursor_of(KIND, head, page.next)


def _opened(cursor: str) -> tuple[UUID, int]:
    head, begin = open_cursor(cursor, kind=KIND, parts=2)
    try:
        return UUID(head), number(begin)
    except ValueError:
        raise PageCursorIsMalformed from None
