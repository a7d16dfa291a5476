"""What can be found by its words, by whom, and what a person is shown of it."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from random import Random
from uuid import UUID, uuid4

import pytest

from domain.completion_events import CompletionInterrupted
from domain.content import TextPart
from domain.ids import uuid7
from domain.jsonvalue import JsonObject
from domain.thread_events import MessageAdded, MessageWithdrawn
from infrastructure.embedded import EmbeddedPostgres
from projections import found
from projections.found import Hit, Search
from projections.listing import Reader as AnyReader
from projections.messages import Role
from projections.search import LONGEST_TEXT, SEARCH, SearchText
from tests.projections.random_story import random_log
from tests.projections.story import Log, Reader, Story, said
from tests.projections.tables import (
    Tables,
    assert_batches_do_not_matter,
    assert_rebuilt_equals_live,
    tables_in,
)


@pytest.fixture(scope="session")
async def search_tables(any_postgres: EmbeddedPostgres) -> AsyncGenerator[Tables]:
    """Beside those of record, which know the titles."""
    async with tables_in(any_postgres) as record:
        tables = Tables(record.url, owner_url=record.owner_url, projection=SEARCH)
        await tables.make()
        yield tables
        await tables.close()


@pytest.fixture
async def tables(search_tables: Tables) -> Tables:
    """Of search, empty, on the oldest and the newest major."""
    await search_tables.clear()
    return search_tables


async def search(
    tables: Tables,
    question: str,
    reader: AnyReader,
    *,
    thread_id: UUID | None = None,
    role: Role | None = None,
) -> list[Hit]:
    """Everything that is found; page by page it is the same."""
    wanted = Search(question=question, reader=reader, thread_id=thread_id, role=role)
    hits: list[Hit] = []
    async with tables.reading.session() as session:
        everything = await found.find(session, wanted, limit=100)
        assert everything.next is None
        for _ in range(len(everything.items) + 1):
            page = await found.find(session, wanted, limit=1)
            hits += page.items
            if page.next is None:
                break
            wanted = replace(wanted, cursor=page.next)
    assert hits == everything.items
    return hits


async def texts(tables: Tables, question: str, reader: AnyReader) -> list[str]:
    """What is shown of those that are found."""
    hits = await search(tables, question, reader)
    return ["".join(one.text for one in hit.snippet) for hit in hits]


@pytest.mark.parametrize("seed", range(3))
async def test_rows_do_not_depend_on_where_batches_end(seed: int, tables: Tables) -> None:
    events = random_log(seed, events=400).events
    rows = await assert_batches_do_not_matter(tables, events, seed=seed)
    assert {row["role"] for row in rows["search"]} == {"user", "assistant"}


async def test_a_rebuild_up_to_any_event_equals_what_was_live_then(tables: Tables) -> None:
    await assert_rebuilt_equals_live(tables, random_log(99, events=40, threads=2).events)


async def test_messages_and_answers_are_found_newest_first(
    log: Log, story: Story, tables: Tables
) -> None:
    message, completion = story.ask("How far is the Moon?")
    story.answer(completion, "The moon is 384,400 km away.")
    story.ask("And the sun?")
    await tables.apply(log.events)
    answer, question = await search(tables, "moon", story.reader)
    assert (answer.message_id, answer.role) == (completion, "assistant")
    assert (question.message_id, question.role) == (message, "user")
    assert (question.thread_id, question.user_id) == (story.id, story.owner)
    assert question.position < answer.position


@pytest.mark.parametrize(
    ("question", "hits"),
    [
        ("app", 2),
        ("APP.py", 1),
        ('"app and"', 1),
        ('"and app"', 0),
        ("app -test", 1),
        ("-app", 1),
        ("über OR test", 2),
        ("src/app", 1),
        ("don’t", 1),
        ("or", 0),
        ("a", 0),
    ],
)
async def test_questions_are_asked_as_in_search_engines(
    question: str, hits: int, log: Log, story: Story, tables: Tables
) -> None:
    story.ask("Look at <b>src/app.py</b>!")
    story.ask("The app and its test_run…")
    story.ask("«ÜBER» alles: don't")
    await tables.apply(log.events)
    assert len(await texts(tables, question, story.reader)) == hits


async def test_of_others_nothing_is_found_whatever_is_asked(log: Log, tables: Tables) -> None:
    mine, theirs = Story(log).start(), Story(log).start()
    mine.ask("my secret")
    theirs.ask(f"their secret, and @{mine.owner} '@{mine.owner}'")
    await tables.apply(log.events)
    asked = [
        "secret",
        "secret OR their",
        "-nothing",
        f"secret OR @{theirs.owner}",
        f"'@{theirs.owner}' | secret",
        f'"@{theirs.owner}"',
        str(theirs.owner),
    ]
    for question in asked:
        for hit in await search(tables, question, mine.reader):
            assert hit.user_id == mine.owner, question
    assert await texts(tables, "secret", mine.reader) == ["my secret"]
    assert len(await search(tables, "secret", Reader(uuid4(), reads_all=True))) == 2
    assert await search(tables, "secret", Reader(uuid4())) == []


async def test_a_search_in_a_thread_or_of_a_role_finds_nothing_else(
    log: Log, story: Story, tables: Tables
) -> None:
    other = Story(log, story.owner).start()
    _, completion = story.ask("a whale")
    story.answer(completion, "a blue whale")
    other.ask("another whale")
    await tables.apply(log.events)
    assert len(await search(tables, "whale", story.reader)) == 3
    inside = await search(tables, "whale", story.reader, thread_id=story.id)
    assert {hit.thread_id for hit in inside} == {story.id}
    assert len(inside) == 2
    answers = await search(tables, "whale", story.reader, role="assistant")
    assert [hit.message_id for hit in answers] == [completion]
    assert await search(tables, "whale", Reader(uuid4()), thread_id=story.id) == []


async def test_an_answer_is_found_as_it_grows_and_what_is_void_is_not(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("?")
    story.claim(completion)
    kept = story.record(completion, said("one fish "))
    await tables.apply(log.events)
    assert await texts(tables, "fish", story.reader) == ["one fish "]
    story.record(completion, said("two whales "), step=2)
    await tables.apply(log.events)
    assert await texts(tables, "fish whales", story.reader) == ["one fish two whales "]
    story.stream(completion, CompletionInterrupted(1, kept, "worker_lost"))
    story.claim(completion, attempt=2)
    story.record(completion, said("red sky"), attempt=2, step=2)
    await tables.apply(log.events)
    assert await texts(tables, "whales", story.reader) == []
    assert await texts(tables, "fish sky", story.reader) == ["one fish red sky"]
    story.stream(completion, CompletionInterrupted(2, 0, "worker_lost"))
    await tables.apply(log.events)
    assert (await tables.dump())["search"][1:] == []


async def test_a_message_that_waits_is_found_until_it_is_withdrawn(
    log: Log, story: Story, tables: Tables
) -> None:
    waiting, _ = story.queue("a patient fish")
    await tables.apply(log.events)
    assert await texts(tables, "patient", story.reader) == ["a patient fish"]
    story.thread(MessageWithdrawn(waiting))
    await tables.apply(log.events)
    assert await texts(tables, "patient", story.reader) == []


async def test_what_is_not_said_to_people_is_not_found(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("?")
    story.claim(completion)
    thought: JsonObject = {"part_kind": "thinking", "content": "hidden thoughts"}
    call: JsonObject = {"part_kind": "tool-call", "tool_name": "look", "args": "{}"}
    story.record(completion, thought, call)
    story.finish(completion, "hidden ending")
    await tables.apply(log.events)
    assert await texts(tables, "hidden", story.reader) == []
    assert await texts(tables, "look", story.reader) == []


async def test_a_long_text_is_shown_around_its_first_match_in_whole_words(
    log: Log, story: Story, tables: Tables
) -> None:
    story.ask("before " * 1000 + "the Needle, " + "after " * 1000)
    await tables.apply(log.events)
    [hit] = await search(tables, "needle", story.reader)
    before, match, after = hit.snippet
    assert (match.text, match.match) == ("Needle", True)
    assert before.text.strip() == "before " * 7 + "the"
    assert set(after.text.replace(",", "").split()) == {"after"}


async def test_a_snippet_does_not_begin_or_end_within_a_character(
    log: Log, story: Story, tables: Tables
) -> None:
    syllable = "\N{DEVANAGARI LETTER KA}\N{DEVANAGARI SIGN VIRAMA}\N{DEVANAGARI VOWEL SIGN I}"
    story.ask(f"{syllable * 100} needle {syllable * 100}")
    await tables.apply(log.events)
    [hit] = await search(tables, "needle", story.reader)
    before, _, after = hit.snippet
    assert before.text == f"{syllable * (len(before.text) // 3)} "
    assert after.text == f" {syllable * (len(after.text) // 3)}"


HARD = {
    "nul": "\0needle\0",
    "long words": "x" * 300_000,
    "words of 2 kB": "needle " + ("y" * 2046 + " ") * 48,
    "many words": " ".join(f"w{n}" for n in range(60_000)),
    "four bytes each": "".join(chr(0x20000 + n) + " " for n in range(42_000)),
    "numbers": "1e1" * 100_000,
    "digits and letters": "a1" * 150_000,
    "points": "1." * 150_000,
    "paths": "/a" * 150_000,
    "hyphens": "a-" * 150_000,
    "markup": "<a " * 100_000,
    "marks": "e" + "\N{COMBINING ACUTE ACCENT}" * 200_000,
    "one word of four bytes": "\N{LINEAR B SYLLABLE B008 A}" * 100_000,
    "everything": "".join(chr(n) for n in range(0x20000) if not 0xD800 <= n < 0xE000),
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
async def test_no_text_stops_the_projection(
    text: str, log: Log, story: Story, tables: Tables
) -> None:
    story.thread(MessageAdded(uuid7(), None, (TextPart(text),)))
    story.ask("the needle")
    await tables.apply(log.events)
    assert "the needle" in await texts(tables, "needle", story.reader)
    async with tables.reading.session() as session:
        row = await session.get_one(SearchText, next(iter(await _keys(tables))))
    assert len(row.text) == len(row.words) <= LONGEST_TEXT


async def _keys(tables: Tables) -> list[tuple[UUID, UUID]]:
    rows = (await tables.dump())["search"]
    return [(UUID(row["id"]), UUID(row["thread_id"])) for row in rows]


async def test_what_is_beyond_the_limit_is_not_found_and_voids_are_counted_right_before_it(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("?")
    story.claim(completion)
    first = story.record(completion, said("start " + "fill " * 10_000))
    story.record(completion, said("fill " * 20_000 + "end"), step=2)
    await tables.apply(log.events)
    assert len(await texts(tables, "start", story.reader)) == 1
    assert await texts(tables, "end", story.reader) == []
    story.stream(completion, CompletionInterrupted(1, first, "worker_lost"))
    story.record(completion, said("end"), step=2)
    await tables.apply(log.events)
    assert len(await texts(tables, "end", story.reader)) == 1


async def test_pages_are_complete_in_order_and_unmoved_by_what_comes_meanwhile(
    log: Log, story: Story, tables: Tables
) -> None:
    for number in range(25):
        story.ask(f"whale {number}")
    await tables.apply(log.events)
    seen: list[int] = []
    cursor: int | None = None
    for _ in range(10):
        async with tables.reading.session() as session:
            wanted = Search(question="whale", reader=story.reader, cursor=cursor)
            page = await found.find(session, wanted, limit=4)
        seen += [hit.position for hit in page.items]
        story.ask("a late whale")
        await tables.apply(log.events)
        if (cursor := page.next) is None:
            break
    assert len(seen) == 25
    assert seen == sorted(seen, reverse=True)


async def test_no_question_is_an_error(log: Log, story: Story, tables: Tables) -> None:
    story.ask("needle")
    await tables.apply(log.events)
    random = Random(11)
    pieces = ['"', "-", "OR", "or", "&", "|", "!", "<->", ":*", "'", "\\", "%", "\0", "needle", "("]
    pieces += [")", " ", "@", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{ZERO WIDTH JOINER}", "½", "e\u0301"]
    pieces += ["\U0010ffff", "\ud800", "１", "ﬁ", "\N{PILE OF POO}", "x" * 500, "\n", "NOT"]
    readers = [story.reader, Reader(uuid4(), reads_all=True)]
    for number in range(80):
        question = "".join(random.choices(pieces, k=random.randint(0, 12)))
        await search(tables, question, readers[number % 2])
