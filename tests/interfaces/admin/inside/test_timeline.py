"""A timeline page by page: everything once, in order, text folded, nothing too large."""

import asyncio
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from infrastructure.event_log.entry import LogEntry
from interfaces.admin.inside.event_rows import PAGE_BYTES, SHOWN_BYTES, EventRow, Paper
from interfaces.admin.inside.groups import group_of
from interfaces.admin.inside.stops import thinned
from interfaces.admin.inside.timeline import (
    MOST_READS,
    PAGE_ROWS,
    READ_EVENTS,
    Fold,
    TimelinePage,
    Wanted,
    timeline_page,
)

THREAD, OWNER, ANSWER = uuid4(), uuid4(), uuid4()
ALL = Wanted(sees_all=True, viewer="user:1")
OWN = Wanted(sees_all=False, viewer="user:1")


def entry(position: int, name: str, *, stream: UUID = THREAD, **data: object) -> LogEntry:
    state = {"at": position * 1_000_000, "actor": "user:1", "data": data}
    at = datetime.fromtimestamp(position, UTC)
    body = json.dumps(state, separators=(",", ":")).encode()
    return LogEntry(stream, position, f"{name}@1", body, position, THREAD, OWNER, at)


def renamed(position: int, title: str = "x") -> LogEntry:
    return entry(position, "thread.renamed", title=title)


def chunk(position: int, text: str, *, stream: UUID = ANSWER, kind: str = "text") -> LogEntry:
    return entry(position, "completion.chunk", stream=stream, kind=kind, text=text)


async def read(
    entries: Sequence[LogEntry], *, after: int = 0, wanted: Wanted = ALL
) -> TimelinePage:
    async def part(after: int, limit: int) -> Sequence[LogEntry]:
        begin = bisect_right(entries, after, key=lambda one: one.position)
        return entries[begin : begin + limit]

    return await timeline_page(part, after=after, wanted=wanted)


def positions(page: TimelinePage) -> list[int]:
    return [row.position if isinstance(row, EventRow) else row.first for row in page.rows]


async def test_page_after_page_shows_every_event_once() -> None:
    entries, found, after = [renamed(n) for n in range(1, 251)], list[int](), 0
    sizes: list[int] = []
    while True:
        page = await read(entries, after=after)
        found += positions(page)
        sizes.append(len(page.rows))
        if page.next is None:
            break
        after = page.next
    assert found == list(range(1, 251))
    assert sizes == [PAGE_ROWS, PAGE_ROWS, 50]
    assert page.through == 250


async def test_pieces_of_one_answer_are_one_row_however_many() -> None:
    words = [chunk(n, "word ") for n in range(2, 2002)]
    page = await read([renamed(1), *words, renamed(2002)])
    [_, fold, _] = page.rows
    assert isinstance(fold, Fold)
    assert (fold.first, fold.last, fold.pieces, fold.characters) == (2, 2001, 2000, 10_000)
    assert fold.text == "word " * 2000
    assert fold.lasted_ms == 1_999_000


async def test_a_row_is_never_cut_in_two_by_the_end_of_a_page() -> None:
    entries = [
        *map(renamed, range(1, 100)),
        *(chunk(n, "x") for n in range(100, 120)),
        renamed(120),
    ]
    page = await read(entries)
    assert len(page.rows) == PAGE_ROWS
    assert isinstance(page.rows[-1], Fold)
    assert page.rows[-1].pieces == 20
    assert page.next == 119


async def test_another_answer_or_kind_of_text_is_another_row() -> None:
    other = uuid4()
    entries = [
        chunk(1, "a", kind="reasoning"),
        chunk(2, "b"),
        chunk(3, "c"),
        chunk(4, "d", stream=other),
        renamed(5),
        chunk(6, "e", stream=other),
    ]
    assert positions(await read(entries)) == [1, 2, 4, 5, 6]


async def test_each_piece_can_be_seen_by_itself() -> None:
    page = await read([chunk(1, "a"), chunk(2, "b")], wanted=Wanted(True, "", pieces=True))
    assert positions(page) == [1, 2]
    assert [row.since_ms for row in page.rows] == [None, 1000]


async def test_owners_are_not_shown_what_is_internal_nor_who_others_are() -> None:
    internal = entry(2, "completion.message_recorded", stream=ANSWER, message={})
    theirs = entry(3, "thread.archived")
    page = await read([renamed(1), internal, theirs], wanted=Wanted(False, "user:2"))
    assert positions(page) == [1, 3]
    assert all(isinstance(row, EventRow) and row.who.id is None for row in page.rows)
    assert positions(await read([renamed(1), internal], wanted=ALL)) == [1, 2]


async def test_the_filter_looks_at_names_words_and_json() -> None:
    entries = [renamed(1, "Über alles"), renamed(2, "other"), chunk(3, "ÜBER")]
    for text, found in (("über", [1, 3]), ("renamed to", [1, 2]), ("chunk", [3]), ("zzz", [])):
        wanted = Wanted(sees_all=True, viewer="", text=text)
        assert positions(await read(entries, wanted=wanted)) == found, text
    messages = Wanted(sees_all=True, viewer="", group="messages")
    assert positions(await read(entries, wanted=messages)) == [1, 2]
    assert group_of("tool.progressed") == group_of("completion.tool_called") == "tools"


async def test_a_search_for_what_is_rare_ends_and_says_where_to_go_on() -> None:
    one = renamed(1)
    entries = [replace(one, id=n) for n in range(1, MOST_READS * READ_EVENTS + 11)]
    page = await read(entries, wanted=Wanted(sees_all=True, viewer="", group="tools"))
    assert (page.rows, page.next) == ([], MOST_READS * READ_EVENTS)


async def test_others_have_their_turn_while_a_long_thread_is_searched() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    one = renamed(1, "y" * 1_000)
    entries = [replace(one, id=n) for n in range(1, 1_001)]
    await read(entries, wanted=Wanted(sees_all=True, viewer="", text="zzz"))
    counting.cancel()
    assert turns >= 50


async def test_huge_json_is_cut_and_so_is_a_page_of_it() -> None:
    page = await read([renamed(n, "y" * 1_000_000) for n in range(1, 13)], wanted=OWN)
    shown = [row.raw for row in page.rows if isinstance(row, EventRow)]
    assert all(raw.is_cut and raw.size > 1_000_000 for raw in shown)
    assert max(len(raw.text) for raw in shown) <= SHOWN_BYTES
    assert sum(len(raw.text) for raw in shown) <= PAGE_BYTES


async def test_what_another_application_has_stored_is_shown_as_it_is() -> None:
    at = datetime.fromtimestamp(7, UTC)
    alien = LogEntry(THREAD, 1, "invoice.sent@1", b"\xff not json", 1, THREAD, OWNER, at)
    [row] = (await read([alien])).rows
    assert isinstance(row, EventRow)
    assert (row.at, row.words, row.name) == (at, "", "invoice.sent")
    assert b"\xff not json".hex() in row.raw.text


def test_small_json_is_shown_over_several_lines() -> None:
    assert Paper().raw(b'{"a":"\xc3\xbc"}').text == '{\n  "a": "ü"\n}'


def test_a_slider_has_a_stop_for_each_event_unless_there_are_too_many() -> None:
    few = [renamed(1), chunk(2, "a"), chunk(3, "b"), renamed(4)]
    assert thinned(few) == [1, 2, 3, 4]
    many = [renamed(1), *(chunk(n, "a") for n in range(2, 10_000)), renamed(10_000)]
    stops = thinned(many, most=100)
    assert stops[0] == 1
    assert stops[-1] == 10_000
    assert 90 <= len(stops) <= 110
    assert thinned(many[:-1], most=100)[-1] == 9_999
