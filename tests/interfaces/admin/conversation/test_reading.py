"""A conversation from the log: what it says is what the read tables would say."""

from uuid import UUID, uuid4

import pytest

from application.audit.refusals import EventCannotBeApplied, ThreadNotStartedThen
from application.audit.standing import Standing
from domain.ids import projection_stream
from domain.operation_events import ProjectionSkipped
from domain.refusals import PositionIsAhead, ThreadNotFound
from infrastructure.audit.fold import standing
from infrastructure.audit.log import LiveLog
from interfaces.admin.conversation.answer import Answer
from interfaces.admin.conversation.conversation import Conversation, Said
from interfaces.admin.conversation.reading import conversation_at
from projections.record import RECORD
from tests.infrastructure.audit.stored import StoredLog
from tests.interfaces.admin.conversation.talks import TALKS, Talk
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.audits import told
from tests.interfaces.http.house import House
from tests.projections.story import Log, Story


def assert_as_it_stood(conversation: Conversation, stood: Standing) -> None:
    thread = stood.thread
    assert (conversation.position, conversation.title) == (stood.position, thread["title"])
    assert (conversation.archived, _str(conversation.head)) == (thread["archived"], thread["head"])
    assert branch(conversation) == [str(row["id"]) for row in stood.branch()]
    assert [str(said.id) for said in sorted(conversation.queue, key=lambda said: said.at)] == [
        row["id"] for row in stood.messages if row["status"] == "queued"
    ]
    rows = {str(row["id"]): row for row in stood.completions}
    for answer in conversation.answers.values():
        if answer.requested_at is None:
            continue  # the thread has named it, and its own stream begins with the next event
        row = rows[str(answer.id)]
        assert (answer.status, answer.attempt) == (row["status"], row["attempts"])
        assert text_of(answer) == row["text"]
        assert (answer.ending.cost_microdollars if answer.ending else None) == row[
            "cost_microdollars"
        ]
    boxes = [box for answer in conversation.answers.values() for box in answer.tools.values()]
    executions = {str(box.execution_id): box.execution for box in boxes}
    for row in stood.tool_executions:
        assert executions[str(row["id"])] == row["status"]


def branch(conversation: Conversation) -> list[str]:
    """Ids of what is in the tree, from the first message to the head."""
    path: list[str] = []
    step = conversation.head
    while step is not None:
        path.insert(0, str(step))
        said = conversation.said.get(step)
        step = said.parent_id if said else conversation.answers[step].below
    shown = [str(item.id) for item in conversation.items]
    assert [name for name in shown if name in path] == path
    return path


def text_of(answer: Answer) -> str:
    return "".join(part.text for part in answer.texts if part.kind == "text")


def _str(name: UUID | None) -> str | None:
    return None if name is None else str(name)


@pytest.mark.parametrize("name", TALKS)
async def test_it_says_what_the_read_tables_say(name: str, talks: dict[str, Talk]) -> None:
    talk = talks[name]
    log = StoredLog(talk.events)
    for position in range(1, len(talk.events) + 1, 3):
        conversation = await conversation_at(log, talk.id, position)
        assert_as_it_stood(conversation, await standing(log, talk.id, position))


async def test_it_is_read_from_the_database(house: House, user: Visitor) -> None:
    thread = await told(house, user.api, text="Hello *yourself*.")
    log, thread_id = LiveLog(house.log.reader), UUID(thread.thread)
    half = await conversation_at(log, thread_id, thread.said)
    whole = await conversation_at(log, thread_id)
    for conversation, text in ((half, "Hello"), (whole, "Hello *yourself*.")):
        said, answer = conversation.items
        assert isinstance(said, Said)
        assert isinstance(answer, Answer)
        assert (said.text, text_of(answer)) == ("Hello ☃", text)
    assert (half.active is None, whole.active is None) == (False, True)
    assert whole.totals.tokens == 8


async def test_before_its_first_event_and_beyond_the_end_there_is_nothing() -> None:
    log = Log()
    Story(log).start()
    story = Story(log).start()
    stored = StoredLog(log.events)
    with pytest.raises(ThreadNotStartedThen):
        await conversation_at(stored, story.id, 1)
    with pytest.raises(PositionIsAhead):
        await conversation_at(stored, story.id, 3)
    with pytest.raises(ThreadNotFound):
        await conversation_at(stored, uuid4())


async def test_an_event_that_cannot_be_read_is_named_until_it_is_skipped() -> None:
    story = Story(Log()).start()
    story.ask("Hi")
    position = story.log.events[-1].position
    act = ProjectionSkipped("record", RECORD.version, position, "broken")
    story.log.append(projection_stream("record"), act, thread_id=None, owner_id=None)
    stored = StoredLog(story.log.events)
    entries = [entry for entry in stored.entries if entry.thread_id is not None]
    object.__setattr__(entries[-1], "topic", "completion.never_heard_of@1")
    assert (await conversation_at(stored, story.id)).queue == []
    stored.entries = entries
    with pytest.raises(EventCannotBeApplied, match=str(position)):
        await conversation_at(stored, story.id)
