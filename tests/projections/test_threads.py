"""What a list of conversations shows."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, select

from domain.thread_events import HeadMoved, ThreadArchived, ThreadRenamed, TurnEnded
from projections import threads
from projections.threads import PREVIEW_CHARACTERS, Thread
from tests.projections.story import Log, Reader, Story
from tests.projections.tables import Tables

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


async def test_a_new_thread_shows_how_it_was_started(log: Log, tables: Tables) -> None:
    story = Story(log).start(title="Trip", colour="red")
    await tables.apply(log.events)
    row = await tables.one(Thread)
    assert (row.id, row.user_id, row.agent, row.title) == (
        story.id,
        story.owner,
        "assistant",
        "Trip",
    )
    assert row.metadata_ == {"colour": "red"}
    assert (row.head, row.message_count, row.last_message_preview) == (None, 0, None)
    assert (row.archived, row.position) == (False, 1)
    assert row.created_at == row.updated_at == NOON + timedelta(seconds=1)


async def test_question_and_answer_move_head_count_and_preview(
    log: Log, story: Story, tables: Tables
) -> None:
    message, completion = story.ask("How far is the moon?")
    await tables.apply(log.events)
    asked = await tables.one(Thread)
    assert (asked.head, asked.message_count) == (message, 1)
    assert asked.last_message_preview == "How far is the moon?"
    assert asked.active_completion_id == completion
    story.answer(completion, "384,400 km")
    await tables.apply(log.events)
    answered = await tables.one(Thread)
    assert (answered.head, answered.message_count) == (completion, 2)
    assert answered.last_message_preview == "384,400 km"
    assert answered.active_completion_id is None
    assert answered.updated_at == NOON + timedelta(seconds=log.events[-1].position)


async def test_a_turn_without_an_answer_leaves_the_head(
    log: Log, story: Story, tables: Tables
) -> None:
    message, completion = story.ask("Hello?")
    story.thread(TurnEnded(completion, "cancelled", False, message))
    await tables.apply(log.events)
    row = await tables.one(Thread)
    assert (row.head, row.message_count, row.active_completion_id) == (message, 1, None)


async def test_a_preview_is_short(log: Log, story: Story, tables: Tables) -> None:
    story.ask("x" * 300_000)
    await tables.apply(log.events)
    assert (await tables.one(Thread)).last_message_preview == "x" * PREVIEW_CHARACTERS


async def test_a_thread_is_renamed_archived_and_led_to_another_branch(
    log: Log, story: Story, tables: Tables
) -> None:
    message, completion = story.ask("Hello")
    story.answer(completion, "Hi")
    story.thread(ThreadRenamed("Greetings"), HeadMoved(message), ThreadArchived())
    await tables.apply(log.events)
    row = await tables.one(Thread)
    assert (row.title, row.head, row.archived) == ("Greetings", message, True)


async def test_lists_are_paged_newest_first_and_leave_archived_threads_out(
    log: Log, tables: Tables
) -> None:
    owner = uuid4()
    mine = [Story(log, owner).start() for _ in range(5)]
    Story(log).start()
    mine[3].thread(ThreadArchived())
    await tables.apply(log.events)
    reader = Reader(owner)
    async with tables.reading.session() as session:
        first = await threads.list_newest(session, reader=reader, limit=3)
        rest = await threads.list_newest(session, reader=reader, limit=3, cursor=first.next)
        gone = await threads.list_newest(session, reader=reader, archived=True)
    assert [row.id for row in first.items] == [mine[4].id, mine[2].id, mine[1].id]
    assert [row.id for row in rest.items] == [mine[0].id]
    assert rest.next is None
    assert [row.id for row in gone.items] == [mine[3].id]


async def test_others_see_nothing_and_readers_of_all_see_everything(
    log: Log, story: Story, tables: Tables
) -> None:
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        for reader, seen in ((story.reader, 1), (Reader(uuid4()), 0), (Reader(uuid4(), True), 1)):
            row = await threads.get(session, story.id, reader=reader)
            page = await threads.list_newest(session, reader=reader)
            assert ((row is not None), len(page.items)) == (bool(seen), seen)


async def test_tools_count_threads_as_documented(log: Log, tables: Tables) -> None:
    Story(log).start()
    Story(log).start()
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        assert await session.scalar(select(func.count(Thread.id))) == 2
