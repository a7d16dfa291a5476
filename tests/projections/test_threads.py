"""What a list of conversations shows."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from sqlalchemy import func, select

from domain.completion_events import CompletionInterrupted
from domain.thread_events import (
    HeadMoved,
    MessageWithdrawn,
    ThreadArchived,
    ThreadRenamed,
    TurnEnded,
)
from projections import threads
from projections.messages import Message
from projections.threads import PREVIEW_CHARACTERS, Thread
from tests.projections.random_story import random_log
from tests.projections.story import Log, Reader, Story, said
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
    assert (row.last_message_position, row.active_position) == (None, 1)
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


def counts(row: Thread) -> tuple[int, int, int, int]:
    """In the tree, of the user, of the assistant, and waiting."""
    return (
        row.message_count,
        row.user_message_count,
        row.assistant_message_count,
        row.queued_message_count,
    )


async def test_messages_that_wait_count_apart_until_they_enter_or_are_taken_back(
    log: Log, story: Story, tables: Tables
) -> None:
    message, completion = story.ask("one")
    steering, _ = story.queue("two", mode="steer")
    hasty, _ = story.queue("three")
    await tables.apply(log.events)
    waiting = await tables.one(Thread)
    assert (counts(waiting), waiting.last_message_preview) == ((1, 1, 0, 2), "one")
    asked_at = waiting.last_message_position
    assert waiting.active_position == asked_at
    story.claim(completion)
    story.take_in(completion, steering, below=message)
    story.thread(MessageWithdrawn(hasty))
    await tables.apply(log.events)
    taken = await tables.one(Thread)
    assert (counts(taken), taken.last_message_preview) == ((2, 2, 0, 0), "two")
    assert taken.active_position == taken.last_message_position == log.events[-2].position


async def test_what_an_attempt_said_in_vain_is_no_message(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("one")
    asked_at = log.events[1].position
    begun = story.claim(completion)
    story.record(completion, said("in vain"))
    story.stream(completion, CompletionInterrupted(1, begun, "worker_lost"))
    await tables.apply(log.events)
    row = await tables.one(Thread)
    assert (counts(row), row.last_message_role, row.last_message_preview) == (
        (1, 1, 0, 0),
        "user",
        "one",
    )
    assert row.last_message_position == row.active_position == asked_at
    story.claim(completion, attempt=2)
    story.record(completion, said("in earnest"), attempt=2)
    end = story.finish(completion)
    await tables.apply(log.events)
    row = await tables.one(Thread)
    assert (counts(row), row.last_message_role, row.last_message_preview) == (
        (2, 1, 1, 0),
        "assistant",
        "in earnest",
    )
    assert row.last_message_position == row.active_position == end
    assert row.last_message_at == NOON + timedelta(seconds=end)


async def test_an_answer_without_a_text_has_no_preview(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("one")
    story.finish(completion)
    await tables.apply(log.events)
    row = await tables.one(Thread)
    assert (row.last_message_role, row.last_message_preview) == ("assistant", None)


async def test_nothing_but_a_message_is_activity(log: Log, story: Story, tables: Tables) -> None:
    message, completion = story.ask("one")
    came = log.events[1].position
    story.claim(completion)
    story.stream(completion, CompletionInterrupted(1, came, "handed_over"))
    story.thread(TurnEnded(completion, "failed", False, message))
    story.thread(HeadMoved(message), ThreadRenamed("Another"), ThreadArchived())
    await tables.apply(log.events)
    assert (await tables.one(Thread)).active_position == came


async def test_counts_are_those_of_the_rows_whatever_happens(tables: Tables) -> None:
    events = random_log(5, events=600).events
    await tables.apply(events)
    answered = Counter(
        one.thread_id for one in events if isinstance(one.event, TurnEnded) and one.event.answered
    )
    async with tables.reading.session() as session:
        for row in (await session.scalars(select(Thread))).all():
            query = select(Message.status).where(
                Message.thread_id == row.id, Message.role == "user"
            )
            written = Counter(await session.scalars(query))
            users, answers = written["delivered"], answered[row.id]
            assert counts(row) == (users + answers, users, answers, written["queued"])


async def test_by_activity_a_walk_shows_no_thread_twice_and_what_moved_is_active_after_it(
    log: Log, tables: Tables
) -> None:
    owner = uuid4()
    mine = [Story(log, owner).start() for _ in range(9)]
    await tables.apply(log.events)
    since, seen, cursor = len(log.events), list[UUID](), None
    random = Random(1)
    async with tables.reading.session() as session:
        while True:
            page = await threads.list_newest(
                session, reader=Reader(owner), order="activity", limit=2, cursor=cursor
            )
            seen += [row.id for row in page.items]
            random.choice(mine[:4]).ask("me again")
            await tables.apply(log.events)
            if (cursor := page.next) is None:
                break
        reader = Reader(owner)
        after = await threads.list_newest(session, reader=reader, active_after=since)
        number = await threads.count(session, reader=reader, active_after=since)
        everything = await threads.count(session, reader=reader)
    assert len(seen) == len(set(seen))
    assert {story.id for story in mine[4:]} <= set(seen)
    assert {story.id for story in mine} == {*seen, *(row.id for row in after.items)}
    assert (number, everything) == (len(after.items), 9)
    assert 0 < number <= 4


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
