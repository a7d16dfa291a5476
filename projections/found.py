"""What a search finds: messages by their words, the newest first, each with a piece of its text."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    RowMapping,
    ScalarSelect,
    Text,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import REGCONFIG, TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from projections.listing import Reader
from projections.messages import Role
from projections.search import OWNER, SearchText
from projections.threads import Thread
from projections.words import Fragment, fragments, query_of, words_of

NEWEST = 1_000  # messages that are looked at one by one before the index of words is asked
SNIPPET_CHARACTERS = 240
BEFORE_CHARACTERS = 60  # of these, before the first word that was looked for
CUT_CHARACTERS = 30  # of these, lost at most so that no word is cut in two

_TEXTS = SearchText.__table__
_TOLD = ("thread_id", "id", "user_id", "role", "created_at", "position")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What is looked for, by whom, and where."""

    question: str  # words, "phrases", or, -without: as search engines have it
    reader: Reader
    thread_id: UUID | None = None
    role: Role | None = None
    cursor: int | None = None


@dataclass(frozen=True)
class Hit:
    """A message that has the words."""

    thread_id: UUID
    thread_title: str | None
    message_id: UUID
    user_id: UUID
    role: Role
    created_at: datetime
    position: int
    snippet: Sequence[Fragment]


@dataclass(frozen=True)
class Hits:
    """Some messages, and the cursor of those after them; None at the end."""

    items: Sequence[Hit]
    next: int | None


async def find(session: AsyncSession, search: Search, *, limit: int = 50) -> Hits:
    """The newest messages that have the words, or those before a cursor; new ones change no page.

    No question is an error; one without a word finds nothing.
    """
    query = query_of(search.question)
    if not query:
        return Hits([], next=None)
    words = words_of(query)
    rows = await _rows(session, _among_newest(search, query), words=words, limit=limit + 1)
    if len(rows) <= limit and search.thread_id is None:
        rows = await _rows(session, _by_words(search, query), words=words, limit=limit + 1)
    hits = [_hit(row, words) for row in rows[:limit]]
    return Hits(hits, next=hits[-1].position if len(rows) > limit else None)


def _among_newest(search: Search, query: str) -> FromClause:
    """Good where many have the words: the index of words does not know who is new.

    Of a thread it is all.
    """
    newest = select(_TEXTS).where(*_place(_TEXTS, search)).order_by(_TEXTS.c.position.desc())
    if search.thread_id is None:
        newest = newest.limit(NEWEST)
    looked_at = newest.subquery("newest")
    return select(looked_at).where(_has(looked_at, query)).subquery("found")


def _by_words(search: Search, query: str) -> FromClause:
    """Good where few have the words, however many messages there are.

    Materialized, so that only the index of words can be used for it.
    """
    columns = [column for column in _TEXTS.c if column.name != "vector"]
    matching = select(*columns).where(_has(_TEXTS, query))
    if not search.reader.reads_all:
        owner = literal(f"'{OWNER}{search.reader.user_id}'", Text)
        matching = matching.where(_TEXTS.c.vector.op("@@")(cast(owner, TSQUERY)))
    found = matching.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
    return select(found).where(*_place(found, search)).subquery("placed")


def _has(texts: FromClause, query: str) -> ColumnElement[bool]:
    simple = cast("pg_catalog.simple", REGCONFIG)
    asked = func.websearch_to_tsquery(simple, literal(query, Text), type_=TSQUERY)
    return texts.c.vector.op("@@")(asked)


def _place(texts: FromClause, search: Search) -> list[ColumnElement[bool]]:
    """Where it may stand; nobody but readers of all sees what is not theirs."""
    conditions: list[ColumnElement[bool]] = []
    if not search.reader.reads_all:
        conditions.append(texts.c.user_id == search.reader.user_id)
    if search.thread_id is not None:
        conditions.append(texts.c.thread_id == search.thread_id)
    if search.role is not None:
        conditions.append(texts.c.role == search.role)
    if search.cursor is not None:
        conditions.append(texts.c.position < search.cursor)
    return conditions


async def _rows(
    session: AsyncSession, found: FromClause, *, words: Sequence[str], limit: int
) -> Sequence[RowMapping]:
    """Of each text only the piece that will be shown leaves the database."""
    first = _first_word(found, words).label("first")
    hits = select(found, first).order_by(found.c.position.desc()).limit(limit).subquery("hits")
    start = func.greatest(func.coalesce(hits.c.first, 1) - BEFORE_CHARACTERS, 1)
    title = select(Thread.title).where(Thread.id == hits.c.thread_id).scalar_subquery()
    query = select(
        *(hits.c[name] for name in _TOLD),
        title.label("title"),
        func.substr(hits.c.text, start, SNIPPET_CHARACTERS).label("piece"),
        (start > 1).label("cut_before"),
        (func.char_length(hits.c.text) >= start + SNIPPET_CHARACTERS).label("cut_after"),
    )
    return (await session.execute(query.order_by(hits.c.position.desc()))).mappings().all()


def _first_word(found: FromClause, words: Sequence[str]) -> ScalarSelect[int]:
    """The place in the text, from 1; null where no word stands as it was asked for."""
    looked_for = [f" {word} " for word in words]
    word = func.unnest(literal(looked_for, ARRAY(Text))).column_valued("word")
    padded = literal(" ", Text).concat(found.c.words).concat(literal(" ", Text))
    place = func.nullif(func.strpos(padded, word), 0)
    return select(func.min(place)).correlate(found).scalar_subquery()


def _hit(row: RowMapping, words: Collection[str]) -> Hit:
    piece = _whole_words(row["piece"], before=row["cut_before"], after=row["cut_after"])
    return Hit(
        thread_id=row["thread_id"],
        thread_title=row["title"],
        message_id=row["id"],
        user_id=row["user_id"],
        role=row["role"],
        created_at=row["created_at"],
        position=row["position"],
        snippet=fragments(piece, words),
    )


def _whole_words(piece: str, *, before: bool, after: bool) -> str:
    """Without what is left of a word that was cut; of a character, where words are too long."""
    if before:
        piece = piece[_first_space(piece) or _joined(piece) :]
    if after:
        end = piece[::-1]
        piece = piece[: len(piece) - (_first_space(end) or _joined(end) + 1)]
    return piece


def _first_space(piece: str) -> int:
    found = (place for place in range(min(len(piece), CUT_CHARACTERS)) if piece[place].isspace())
    return next(found, 0)


def _joined(piece: str) -> int:
    """How many code points at the beginning are no characters of their own."""
    free = (place for place, code in enumerate(piece) if not _is_joined(code))
    return next(free, 0)


def _is_joined(code: str) -> bool:
    return unicodedata.category(code) in ("Mn", "Mc", "Me", "Cf", "Sk")
