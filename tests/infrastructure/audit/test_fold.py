"""A thread as it stood at every position, beside the same events folded by hand."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from application.audit.refusals import EventCannotBeApplied, ThreadNotStartedThen, TimeIsAhead
from application.audit.standing import Standing
from domain.catalogue import BY_TYPE
from domain.completion_events import CompletionStarted
from domain.ids import projection_stream
from domain.operation_events import ProjectionSkipped
from domain.refusals import PositionIsAhead, ThreadNotFound
from infrastructure.audit.fold import standing
from projections.record import RECORD
from tests.infrastructure.audit.by_hand import ByHand
from tests.infrastructure.audit.stored import StoredLog, eventful_thread
from tests.projections.story import NOON, SECOND, WORKER, Log, Story

STORIES = ((2, 500), (1, 100))  # seed and events
HAPPENED = {
    "thread.message_queued",
    "thread.message_withdrawn",
    "thread.head_moved",
    "completion.input_taken",
    "completion.chunk",
    "completion.tool_called",
    "completion.waiting",
    "completion.interrupted",
    "completion.cancelled",
    "completion.failed",
    "completion.finished",
    "tool.dispatched",
    "tool.progressed",
    "tool.finished",
    "thread.result_arrived",
}


def assert_as_by_hand(stood: Standing, told: ByHand) -> None:
    assert {name: stood.thread[name] for name in told.thread} == told.thread
    tree = {
        row["id"]: (row["parent_id"], row["role"], row["status"], _text(row["parts"]))
        for row in stood.messages
    }
    assert tree == told.tree
    assert [_text(row["parts"]) for row in stood.branch()] == told.branch
    completions = {
        row["id"]: (row["status"], row["attempts"], row["text"]) for row in stood.completions
    }
    assert completions == told.completions
    executions = {row["id"]: (row["status"], row["progress"]) for row in stood.tool_executions}
    assert executions == told.tool_executions


def _text(parts: Any) -> str:
    return "".join(part.get("content", "") for part in parts)


async def test_others_have_their_turn_while_a_long_thread_is_folded() -> None:
    story = eventful_thread(2, events=1500)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(others())
    await standing(StoredLog(story.log.events), story.id)
    waiting.cancel()
    assert turns >= 5


@pytest.mark.parametrize(("seed", "events"), STORIES)
async def test_at_every_position_it_is_what_a_fold_by_hand_says(seed: int, events: int) -> None:
    story = eventful_thread(seed, events=events)
    log, told = StoredLog(story.log.events), ByHand(story.id)
    for one in story.log.events:
        told.tell(one)
        stood = await standing(log, story.id, one.position)
        assert stood.position == one.position
        assert_as_by_hand(stood, told)


def test_everything_happens_in_those_threads() -> None:
    threads = [eventful_thread(seed, events=events) for seed, events in STORIES]
    events = [one.event for thread in threads for one in thread.log.events]
    assert {BY_TYPE[type(event)].name for event in events} >= HAPPENED


async def test_a_time_is_the_last_event_recorded_by_then() -> None:
    story = eventful_thread(4, events=60)
    log = StoredLog(story.log.events)
    for position in range(1, 60):
        moment = datetime.fromtimestamp((NOON + position * SECOND) / SECOND, UTC)
        for after in (0.0, 0.999):
            by_time = await standing(log, story.id, moment + timedelta(seconds=after))
            assert by_time == await standing(log, story.id, position)


async def test_between_two_events_of_a_thread_it_stands_as_after_the_first() -> None:
    log = Log()
    story, other = Story(log).start(), Story(log).start()
    message, _ = story.ask("Hi")
    there = log.events[-1].position
    other.ask("Elsewhere")
    stood = await standing(StoredLog(log.events), story.id, log.events[-1].position)
    assert (stood.position, stood.thread["head"]) == (there, str(message))


async def test_before_its_first_event_and_beyond_the_end_there_is_nothing() -> None:
    log = Log()
    Story(log).start()
    story = Story(log).start()
    stored = StoredLog(log.events)
    before = datetime.fromtimestamp((NOON + SECOND) / SECOND, UTC)
    for moment in (0, 1, before):
        with pytest.raises(ThreadNotStartedThen):
            await standing(stored, story.id, moment)
    with pytest.raises(PositionIsAhead):
        await standing(stored, story.id, 3)
    with pytest.raises(TimeIsAhead):
        await standing(stored, story.id, datetime.now(UTC) + timedelta(days=3650))
    with pytest.raises(ThreadNotFound):
        await standing(stored, uuid4())


async def test_a_log_whose_clock_is_ahead_of_ours_can_be_asked_up_to_its_end() -> None:
    story = Story(Log()).start()
    ahead = datetime.now(UTC) + timedelta(hours=1)
    stored = StoredLog(story.log.events)
    object.__setattr__(stored.entries[0], "recorded_at", ahead)
    assert (await standing(stored, story.id, ahead)).position == 1
    with pytest.raises(TimeIsAhead):
        await standing(stored, story.id, ahead + timedelta(seconds=1))


async def test_a_message_that_names_itself_ends_no_branch_for_ever() -> None:
    story = Story(Log()).start()
    message, _ = story.ask("Hi")
    stood = await standing(StoredLog(story.log.events), story.id)
    stood.messages[0]["parent_id"] = str(message)
    assert [UUID(str(row["id"])) for row in stood.branch()] == [message]


async def test_an_event_that_cannot_be_applied_is_named_until_it_is_skipped() -> None:
    story = Story(Log()).start()
    story.ask("Hi")
    end, orphan = story.log.events[-1].position, uuid4()
    started = CompletionStarted(1, WORKER)
    [told] = story.log.append(orphan, started, thread_id=story.id, owner_id=story.owner)
    stored = StoredLog(story.log.events)
    assert (await standing(stored, story.id, end)).position == end
    with pytest.raises(EventCannotBeApplied, match=f"{told.position}.*{orphan}"):
        await standing(stored, story.id)
    act = ProjectionSkipped("record", RECORD.version, told.position, "an orphan")
    story.log.append(projection_stream("record"), act, thread_id=None, owner_id=None)
    stood = await standing(StoredLog(story.log.events), story.id)
    assert (stood.position, len(stood.completions)) == (told.position, 1)
