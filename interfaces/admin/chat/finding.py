"""The list of conversations beside a page: by activity, or those that have some words."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from application.commands.context import Principal
from interfaces.http.paging import Paging, cursor_of
from interfaces.http.resources import Resources
from projections import completions, found, threads
from projections.found import Hit, Search
from projections.threads import Thread

SHOWN = 30
MOST_TITLES = 10
LONGEST_QUESTION = 1_000  # characters
HERE = "/_admin/chat"
BY_ACTIVITY, BY_WORDS = "chat", "chat-search"  # lists, whose cursors differ


@dataclass(frozen=True)
class Question:
    """What the list is to show."""

    words: str = ""
    archived: bool = False
    cursor: str | None = None


@dataclass(frozen=True)
class Listing:
    """A page of conversations; with a question those whose title has the words, then messages."""

    asked: Question
    threads: Sequence[Thread]
    waiting: Set[UUID]  # answers under way that wait for a decision
    hits: Sequence[Hit]
    next_href: str | None
    first_href: str | None


async def listing(here: Resources, question: Question, *, by: Principal, what: str) -> Listing:
    """What an auditor is shown of others is written down first.

    Raises PageCursorIsMalformed, ReadTablesUnavailable, LogUnavailable, OutcomeUnknown.
    """
    async with here.tables.session() as session:
        if question.words:
            shown = await _with_words(session, question, by=by)
        else:
            shown = await _by_activity(session, question, by=by)
        active = [row.active_completion_id for row in shown.threads if row.active_completion_id]
        shown = replace(shown, waiting=await completions.waiting(session, active, reader=by))
    await here.access_log.read(_seen(shown), by=by, what=what)
    return shown


async def _by_activity(session: AsyncSession, question: Question, *, by: Principal) -> Listing:
    place = Paging(SHOWN, question.cursor).number(BY_ACTIVITY)
    page = await threads.list_newest(
        session,
        reader=by,
        order="activity",
        limit=SHOWN,
        cursor=place,
        archived=question.archived,
    )
    after = None if page.next is None else cursor_of(BY_ACTIVITY, page.next)
    return _listing(question, page.items, hits=(), after=after)


async def _with_words(session: AsyncSession, question: Question, *, by: Principal) -> Listing:
    place = Paging(SHOWN, question.cursor).number(BY_WORDS)
    search = Search(question=question.words, reader=by, cursor=place)
    hits = await found.find(session, search, limit=SHOWN)
    titled: Sequence[Thread] = ()
    if not place:
        titled = await threads.titled(session, question.words, reader=by, limit=MOST_TITLES)
    after = None if hits.next is None else cursor_of(BY_WORDS, hits.next)
    return _listing(question, titled, hits=hits.items, after=after)


def _listing(
    question: Question, rows: Sequence[Thread], *, hits: Sequence[Hit], after: str | None
) -> Listing:
    return Listing(
        asked=question,
        threads=rows,
        waiting=frozenset(),
        hits=hits,
        next_href=None if after is None else _href(question, cursor=after),
        first_href=None if question.cursor is None else _href(question, cursor=None),
    )


def _href(question: Question, *, cursor: str | None) -> str:
    asked = {
        "q": question.words,
        "archived": "true" if question.archived else "",
        "cursor": cursor or "",
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{HERE}?{query}" if query else HERE


def _seen(shown: Listing) -> Iterable[tuple[UUID, UUID]]:
    yield from ((row.id, row.user_id) for row in shown.threads)
    yield from ((hit.thread_id, hit.user_id) for hit in shown.hits)
