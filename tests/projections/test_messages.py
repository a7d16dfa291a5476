"""What a conversation's messages show."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from domain.completion_events import CompletionInterrupted, InputTaken, MessageRecorded
from domain.content import TextPart
from domain.jsonvalue import JsonObject
from domain.thread_events import (
    HeadMoved,
    MessageAdded,
    MessageDelivered,
    MessageWithdrawn,
    ThreadCompletionRequested,
    TurnEnded,
)
from projections import completions, messages
from projections.messages import Message
from tests.projections.story import Log, Reader, Story, said
from tests.projections.tables import Tables

CALL: JsonObject = {
    "part_kind": "tool-call",
    "tool_name": "weather",
    "args": '{"city":"Graz"}',
    "tool_call_id": "c1",
}
RETURN: JsonObject = {
    "part_kind": "tool-return",
    "tool_name": "weather",
    "content": '{"status":"completed"}',
    "tool_call_id": "c1",
}


async def path(tables: Tables, story: Story, head: UUID) -> list[Message]:
    async with tables.reading.session() as session:
        page = await messages.path(session, story.id, head=head, reader=story.reader)
    return list(page.items)


async def test_a_question_and_its_answer(log: Log, story: Story, tables: Tables) -> None:
    message, completion = story.ask("How far is the moon?")
    story.answer(completion, "384,400 km")
    await tables.apply(log.events)
    question, answer = await path(tables, story, completion)
    assert (question.id, question.role, question.status) == (message, "user", "delivered")
    assert (question.parent_id, question.completion_id) == (None, completion)
    assert question.parts == [{"kind": "text", "content": "How far is the moon?"}]
    assert question.created_at == datetime(2026, 11, 22, 12, 0, 2, tzinfo=UTC)
    assert (answer.id, answer.role, answer.status) == (completion, "assistant", "delivered")
    assert (answer.parent_id, answer.completion_id) == (message, completion)
    assert answer.parts == [{"kind": "text", "content": "384,400 km"}]
    assert answer.user_id == story.owner


async def test_an_answer_holds_all_parts_of_all_steps_in_order(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("Weather?")
    story.claim(completion)
    story.record(completion, {"part_kind": "thinking", "content": "Hm."}, said("I look."), CALL)
    story.stream(completion, MessageRecorded(1, 2, {"kind": "request", "parts": [RETURN]}))
    await tables.apply(log.events)
    half = (await path(tables, story, completion))[-1]
    assert len(half.parts) == 4
    story.record(completion, said("Sunny."), step=2)
    story.finish(completion)
    await tables.apply(log.events)
    answer = (await path(tables, story, completion))[-1]
    assert answer.parts == [
        {"kind": "reasoning", "content": "Hm."},
        {"kind": "text", "content": "I look."},
        {
            "kind": "tool_call",
            "call_id": "c1",
            "tool_name": "weather",
            "arguments": {"city": "Graz"},
        },
        {
            "kind": "tool_result",
            "call_id": "c1",
            "tool_name": "weather",
            "result": '{"status":"completed"}',
        },
        {"kind": "text", "content": "Sunny."},
    ]


async def test_an_interrupted_attempt_loses_what_was_recorded_after_the_kept_position(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("Count")
    story.claim(completion)
    kept = story.record(completion, said("One. "))
    story.record(completion, said("Tow. "), step=2)
    story.stream(completion, CompletionInterrupted(1, kept, "worker_lost"))
    story.claim(completion, attempt=2)
    story.record(completion, said("Two."), attempt=2, step=2)
    story.finish(completion)
    await tables.apply(log.events)
    answer = (await path(tables, story, completion))[-1]
    assert [part["content"] for part in answer.parts] == ["One. ", "Two."]


async def test_an_answer_of_which_nothing_counts_is_no_message(
    log: Log, story: Story, tables: Tables
) -> None:
    _, completion = story.ask("Count")
    claimed = story.claim(completion)
    story.record(completion, said("One. "))
    await tables.apply(log.events)
    story.stream(completion, CompletionInterrupted(1, claimed, "worker_lost"))
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        assert await messages.get(session, story.id, completion, reader=story.reader) is None
    story.claim(completion, attempt=2)
    story.record(completion, said("1"), attempt=2)
    await tables.apply(log.events)
    assert (await path(tables, story, completion))[-1].parts == [{"kind": "text", "content": "1"}]


async def test_a_queued_message_waits_outside_the_tree_until_it_is_delivered(
    log: Log, story: Story, tables: Tables
) -> None:
    first, completion = story.ask("First")
    second, reserved = story.queue("Second")
    await tables.apply(log.events)
    assert [row.id for row in await path(tables, story, first)] == [first]
    async with tables.reading.session() as session:
        row = await messages.get(session, story.id, second, reader=story.reader)
    assert row is not None
    assert (row.status, row.parent_id, row.completion_id) == ("queued", None, reserved)
    story.answer(completion, "1")
    story.thread(MessageDelivered(second, completion), ThreadCompletionRequested(reserved, second))
    await tables.apply(log.events)
    delivered = await path(tables, story, second)
    assert [row.id for row in delivered] == [first, completion, second]
    assert delivered[-1].status == "delivered"


async def test_a_withdrawn_message_takes_its_completion_with_it(
    log: Log, story: Story, tables: Tables
) -> None:
    story.ask("First")
    second, reserved = story.queue("Second")
    await tables.apply(log.events)
    story.thread(MessageWithdrawn(second))
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        row = await messages.get(session, story.id, second, reader=story.reader)
        completion = await completions.get(session, reserved, reader=story.reader)
    assert row is not None
    assert row.status == "withdrawn"
    assert completion is not None
    assert completion.status == "cancelled"
    assert completion.completed_at is not None


async def test_a_message_taken_in_by_a_running_answer_is_answered_by_that_one(
    log: Log, story: Story, tables: Tables
) -> None:
    first, completion = story.ask("First")
    story.claim(completion)
    steering, reserved = story.queue("And in red, please", mode="steer")
    story.take_in(completion, steering, below=first)
    await tables.apply(log.events)
    async with tables.reading.session() as session:
        row = await messages.get(session, story.id, steering, reader=story.reader)
        given_up = await completions.get(session, reserved, reader=story.reader)
    assert row is not None
    assert (row.status, row.completion_id) == ("delivered", completion)
    assert given_up is not None
    assert (given_up.status, given_up.error_details) == (
        "cancelled",
        {"answered_by": str(completion)},
    )


async def test_an_answer_stands_below_the_last_message_that_it_has_taken_in(
    log: Log, story: Story, tables: Tables
) -> None:
    first, completion = story.ask("First")
    story.claim(completion)
    story.record(completion, said("I begin. "))  # the answer has a row already
    steering = [story.queue(text, mode="steer")[0] for text in ("In red", "And large")]
    story.take_in(completion, *steering, below=first)
    await tables.apply(log.events)
    assert [row.id for row in await path(tables, story, completion)] == [
        first,
        *steering,
        completion,
    ]
    later, _ = story.queue("No, blue", mode="steer")
    story.take_in(completion, later, below=steering[-1])
    story.record(completion, said("Blue."), step=2)
    story.finish(completion)
    await tables.apply(log.events)
    branch = await path(tables, story, completion)
    assert [row.id for row in branch] == [first, *steering, later, completion]
    assert [part["content"] for part in branch[-1].parts] == ["I begin. ", "Blue."]


async def test_an_answer_begun_anew_stays_below_what_it_has_taken_in(
    log: Log, story: Story, tables: Tables
) -> None:
    first, completion = story.ask("First")
    claimed = story.claim(completion)
    story.record(completion, said("Lost"))
    steering, _ = story.queue("In red", mode="steer")
    story.take_in(completion, steering, below=first)
    story.stream(completion, CompletionInterrupted(1, claimed, "worker_lost"))
    story.claim(completion, attempt=2)
    story.record(completion, said("Red."), attempt=2)
    await tables.apply(log.events)
    branch = await path(tables, story, completion)
    assert [row.id for row in branch] == [first, steering, completion]


async def test_taking_in_results_alone_changes_no_message(
    log: Log, story: Story, tables: Tables
) -> None:
    first, completion = story.ask("First")
    story.claim(completion)
    story.stream(completion, InputTaken((), (uuid4(),)))
    story.record(completion, said("1"))
    await tables.apply(log.events)
    assert [row.id for row in await path(tables, story, completion)] == [first, completion]


async def test_a_follow_up_stands_below_the_answer_that_it_goes_on_from(
    log: Log, story: Story, tables: Tables
) -> None:
    first, completion = story.ask("Analyse it")
    story.answer(completion, "It is running.")
    follow_up = story.follow_up(completion)
    story.answer(follow_up, "It is done.")
    await tables.apply(log.events)
    branch = await path(tables, story, follow_up)
    assert [row.id for row in branch] == [first, completion, follow_up]
    assert [row.completion_id for row in branch] == [completion, completion, follow_up]
    async with tables.reading.session() as session:
        row = await completions.get(session, follow_up, reader=story.reader)
    assert row is not None
    assert (row.message_id, row.status, row.response) == (completion, "completed", "It is done.")


async def test_edits_and_new_answers_are_branches(log: Log, story: Story, tables: Tables) -> None:
    first, completion = story.ask("First")
    story.answer(completion, "1")
    again = uuid4()
    story.thread(ThreadCompletionRequested(again, first))
    edited, anew = uuid4(), uuid4()
    story.thread(
        MessageAdded(edited, None, (TextPart("First, please"),)),
        ThreadCompletionRequested(anew, edited),
        HeadMoved(completion),
    )
    await tables.apply(log.events)
    assert [row.id for row in await path(tables, story, completion)] == [first, completion]
    assert [row.id for row in await path(tables, story, edited)] == [edited]
    async with tables.reading.session() as session:
        tree = await messages.tree(session, story.id, reader=story.reader, limit=2)
        rest = await messages.tree(session, story.id, reader=story.reader, cursor=tree.next)
    assert [row.id for row in (*tree.items, *rest.items)] == [first, completion, edited]
    assert tree.items[0].completion_id == again


async def test_a_long_branch_is_paged_from_its_beginning(
    log: Log, story: Story, tables: Tables
) -> None:
    head: UUID | None = None
    told: list[UUID] = []
    for number in range(7):
        message, head_after = story.ask(str(number), parent=head)
        story.answer(head_after, "!")
        told += [message, head_after]
        head = head_after
    await tables.apply(log.events)
    seen: list[UUID] = []
    cursor: int | None = 0
    async with tables.reading.session() as session:
        while cursor is not None:
            page = await messages.path(
                session, story.id, head=head, reader=story.reader, limit=4, cursor=cursor
            )
            seen += [row.id for row in page.items]
            cursor = page.next
    assert seen == told


async def test_two_threads_may_use_the_same_message_id(log: Log, tables: Tables) -> None:
    chosen = uuid4()
    one, other = Story(log).start(), Story(log).start()
    one.thread(MessageAdded(chosen, None, (TextPart("mine"),)))
    other.thread(MessageAdded(chosen, None, (TextPart("yours"),)))
    await tables.apply(log.events)
    assert [row.parts[0]["content"] for row in await path(tables, one, chosen)] == ["mine"]
    assert [row.parts[0]["content"] for row in await path(tables, other, chosen)] == ["yours"]


async def test_others_see_no_message(log: Log, story: Story, tables: Tables) -> None:
    message, _ = story.ask("Secret")
    await tables.apply(log.events)
    stranger = Reader(uuid4())
    async with tables.reading.session() as session:
        page = await messages.path(session, story.id, head=message, reader=stranger)
        tree = await messages.tree(session, story.id, reader=stranger)
        row = await messages.get(session, story.id, message, reader=stranger)
    assert (page.items, tree.items, row) == ([], [], None)


async def test_an_answer_that_cannot_be_shown_still_has_its_place(
    log: Log, story: Story, tables: Tables
) -> None:
    message, completion = story.ask("Draw")
    story.claim(completion)
    story.record(completion, {"part_kind": "file", "content": {"kind": "binary"}})
    story.thread(TurnEnded(completion, "finished", True, completion))
    await tables.apply(log.events)
    assert [row.id for row in await path(tables, story, completion)] == [message, completion]
