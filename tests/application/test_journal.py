"""The journal: how pieces become chunks, what is durable when, and what stops it."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from application.journal import Journal
from application.ports import AnyRecorded
from application.stop import JournalStopped, Stop
from domain.completion import Completion
from domain.completion_events import (
    Answer,
    CancelRequested,
    Chunk,
    CompletionCancelled,
    CompletionEvent,
    CompletionInterrupted,
    CompletionStarted,
    ToolReturned,
    Usage,
)
from domain.ids import uuid7
from tests.application.house import House, saying, until
from tests.application.memory_log import MemoryLog


class Desk:
    """A journal of a claimed completion on a log that writes when it is told to."""

    def __init__(self, log: MemoryLog, completion: Completion) -> None:
        self.log = log
        self.now = 100.0
        self.stops: list[Stop | None] = []
        self.journal = Journal(log, completion, on_stop=self._note, clock=lambda: self.now)
        self._completion = completion

    def _note(self) -> None:
        self.stops.append(self.journal.stopped)

    def say(self, text: str, *, part: int = 0, step: int = 1) -> None:
        self.journal.chunk(text, step=step, part=part, kind="text")

    @property
    def written(self) -> list[AnyRecorded]:
        """What the journal has in the log; strangers' events are not counted."""
        return [one for one in self.log.events if one.actor == "worker"]

    @property
    def chunks(self) -> list[Chunk]:
        return [one.event for one in self.written if isinstance(one.event, Chunk)]

    def stranger(self, *events: CompletionEvent) -> None:
        self.log.stranger(self._completion.id, *events)


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    house = House(saying("unused"))
    completion = await house.claim(await house.ask())
    house.log.held = True
    house.log.wakes.clear()
    desk = Desk(house.log, completion)
    desk.journal.open(actor="worker")
    yield desk
    desk.journal.close()


def returned(name: str = "look") -> ToolReturned:
    return ToolReturned("call", name, "completed", "")


CANCELLED = CompletionCancelled(1, Answer("", 0, "", Usage()))


# Coalescing


async def test_the_first_piece_of_a_part_is_written_at_once_and_the_next_ones_soon(desk: Desk):
    desk.say("He")
    assert desk.log.wakes == [0.0]
    await desk.log.write()
    desk.say("ll")
    desk.say("o")
    assert desk.log.wakes == [0.0, 0.05], "one timer is enough for both"
    await desk.log.write()
    assert [chunk.text for chunk in desk.chunks] == ["He", "llo"]


async def test_a_part_that_is_a_second_old_is_written_less_often(desk: Desk):
    desk.say("a")
    await desk.log.write()
    desk.now += 1.01
    desk.say("b")
    assert desk.log.wakes == [0.0, 0.1]


async def test_256_waiting_characters_are_written_at_once(desk: Desk):
    desk.say("a")
    await desk.log.write()
    desk.say("b" * 255)
    assert desk.log.wakes[1:] == [0.05]
    desk.say("c")
    assert desk.log.wakes[1:] == [0.05, 0.0]


async def test_a_chunk_keeps_the_provider_s_own_pieces_and_their_times(desk: Desk):
    for text, pause in (("Hel", 0.0), ("lo", 0.012), (" you", 0.4)):
        desk.now += pause
        desk.say(text)
    await desk.log.write()
    assert desk.chunks[0].text == "Hello you"
    assert desk.chunks[0].deltas == ((3, 0), (2, 12), (4, 400))


async def test_a_huge_piece_becomes_several_chunks(desk: Desk):
    desk.say("a" * 10_000)
    desk.now += 0.007
    desk.say("b" * 40_000)
    desk.say("c")
    await desk.log.write()
    assert [len(chunk.text) for chunk in desk.chunks] == [10_000, 16_384, 16_384, 7_233]
    assert [chunk.deltas for chunk in desk.chunks] == [
        ((10_000, 0),),
        ((16_384, 7),),
        ((16_384, 0),),
        ((7_232, 0), (1, 0)),
    ]


async def test_a_new_part_is_a_new_chunk_and_written_at_once(desk: Desk):
    desk.say("one")
    await desk.log.write()
    desk.say("two", part=1)
    desk.say("three", step=2)
    assert desk.log.wakes == [0.0, 0.0]
    await desk.log.write()
    assert [(c.step, c.part, c.text) for c in desk.chunks] == [
        (1, 0, "one"),
        (1, 1, "two"),
        (2, 0, "three"),
    ]


async def test_a_fact_comes_after_everything_said_before_it_and_is_written_at_once(desk: Desk):
    desk.say("before")
    await desk.log.write()
    desk.say("waiting")
    desk.journal.add(returned())
    assert desk.log.wakes[-1] == 0.0
    desk.say("after")
    await desk.log.write()
    assert [type(one.event) for one in desk.written] == [Chunk, Chunk, ToolReturned, Chunk]


# What text can hold


async def test_a_pair_cut_in_two_by_the_provider_is_joined(desk: Desk):
    desk.say("hi \ud83d")
    await desk.log.write()
    desk.say("\ude00!")
    await desk.log.write()
    assert [chunk.text for chunk in desk.chunks] == ["hi ", "😀!"]
    assert desk.journal.replaced == 0


async def test_what_no_text_can_hold_is_replaced_and_counted(desk: Desk):
    desk.say("nul \0, low \ude00, high \ud83d")
    desk.journal.add(returned())
    await desk.log.write()
    text = "".join(chunk.text for chunk in desk.chunks)
    assert text == "nul \ufffd, low \ufffd, high \ufffd"
    assert desk.journal.replaced == 3
    assert sum(count for chunk in desk.chunks for count, _ in chunk.deltas) == len(text)


# Durable


async def test_commit_returns_when_its_events_are_durable_after_all_before_them(desk: Desk):
    desk.say("text")
    committing = asyncio.ensure_future(desk.journal.commit(returned("a"), returned("b")))
    await asyncio.sleep(0)
    assert not committing.done()
    await desk.log.write()
    recorded = await committing
    assert [one.event for one in recorded] == [returned("a"), returned("b")]
    assert [one.position for one in recorded] == [desk.written[1].position, len(desk.log.events)]
    assert desk.journal.version == recorded[-1].version


async def test_two_commits_at_once_are_one_batch(desk: Desk):
    both = asyncio.gather(
        desk.journal.commit(returned("a")), desk.journal.commit(returned("b"), returned("c"))
    )
    await asyncio.sleep(0)
    await desk.log.write()
    first, second = await both
    assert [one.event for one in first] == [returned("a")]
    assert [one.event for one in second] == [returned("b"), returned("c")]
    assert desk.log.batches[-1] == 3


async def test_what_was_said_while_a_batch_is_under_way_goes_into_the_next_one(desk: Desk):
    desk.log.to_write.clear()
    desk.say("one ")
    writing = asyncio.ensure_future(desk.log.write())
    await until(lambda: desk.log.writing)
    desk.say("two ")
    desk.say("three")
    desk.log.to_write.set()
    await writing
    await desk.log.write()
    assert [chunk.text for chunk in desk.chunks] == ["one ", "two three"]
    assert [one.version for one in desk.written] == [3, 4]


@pytest.mark.parametrize(("piece", "fits"), [("x", 10_000), ("é" * 1024, 512)])
async def test_a_run_goes_only_so_far_ahead_of_the_log(desk: Desk, piece: str, fits: int):
    for _ in range(fits):
        desk.say(piece)
    assert not desk.journal.full
    desk.say(piece)
    assert desk.journal.full
    waiting = asyncio.ensure_future(desk.journal.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await desk.log.write()
    await waiting
    assert not desk.journal.full
    assert "".join(chunk.text for chunk in desk.chunks) == piece * (fits + 1)


async def test_what_is_said_while_a_batch_is_under_way_counts_as_ahead(desk: Desk):
    desk.log.to_write.clear()
    desk.say("x")
    writing = asyncio.ensure_future(desk.log.write())
    await until(lambda: desk.log.writing)
    desk.say("y" * 1024 * 1024)
    desk.log.to_write.set()
    await writing
    assert not desk.journal.full
    desk.say("z")
    assert desk.journal.full


async def test_while_the_log_is_away_everything_waits_and_nothing_is_lost(desk: Desk):
    desk.log.held = False
    desk.log.go_away()
    desk.say("said in ")
    committing = asyncio.ensure_future(desk.journal.commit(returned()))
    desk.say("the dark")
    await asyncio.sleep(0)
    assert not committing.done()
    desk.log.come_back()
    await asyncio.wait_for(committing, 5)
    await asyncio.wait_for(desk.journal.settle(), 5)
    assert [chunk.text for chunk in desk.chunks] == ["said in the dark"]


# Strangers


async def test_a_refused_journal_that_finds_a_request_to_cancel_goes_on_behind_it(desk: Desk):
    desk.say("kept")
    await desk.log.write()
    desk.say(" lost")
    desk.stranger(CancelRequested("enough"))
    committing = asyncio.ensure_future(desk.journal.commit(returned()))
    await asyncio.sleep(0)
    await desk.log.write()
    with pytest.raises(JournalStopped):
        await committing
    await desk.journal.settle()
    assert (desk.journal.stopped, desk.journal.cancel_reason) == (Stop.CANCELLED, "enough")
    assert desk.journal.version == desk.log.events[-1].version
    assert desk.journal.transcript.answer().text == "kept"


async def test_a_refused_journal_gives_nothing_more_before_it_knows_why(desk: Desk):
    desk.stranger(CancelRequested())
    desk.say("lost")
    await desk.log.write()
    desk.say(" and lost again")
    assert desk.journal.take() is None
    await desk.journal.settle()
    assert desk.journal.stopped is Stop.CANCELLED
    assert desk.journal.take() is None


@pytest.mark.parametrize(
    "foreign",
    [
        [CompletionInterrupted(1, 0, "worker_lost"), CompletionStarted(2, uuid7())],
        [CANCELLED],
        [CancelRequested(), CANCELLED],
    ],
)
async def test_a_journal_over_whose_head_somebody_claimed_or_ended_writes_nothing_more(
    desk: Desk, foreign: list[CompletionEvent]
):
    desk.say("kept")
    await desk.log.write()
    desk.stranger(*foreign)
    desk.say(" lost")
    await desk.log.write()
    await desk.journal.settle()
    assert desk.journal.stopped is Stop.FENCED
    desk.say("more")
    desk.journal.add(returned())
    await desk.log.write()
    assert [chunk.text for chunk in desk.chunks] == ["kept"]
    with pytest.raises(JournalStopped):
        await desk.journal.commit(returned())


async def test_looking_finds_a_request_to_cancel_while_nothing_is_said(desk: Desk):
    await desk.journal.look()
    assert desk.journal.stopped is None
    desk.stranger(CancelRequested())
    desk.say("dropped")
    await desk.journal.look()
    await desk.journal.look()
    assert desk.journal.stopped is Stop.CANCELLED
    await desk.log.write()
    assert desk.chunks == []


async def test_looking_does_not_take_the_journal_s_own_events_for_a_stranger_s(desk: Desk):
    desk.log.to_answer.clear()
    desk.say("mine")
    writing = asyncio.ensure_future(desk.log.write())
    await until(lambda: desk.written != [])
    await desk.journal.look()
    assert desk.journal.stopped is None
    desk.log.to_answer.set()
    await writing
    desk.say(" too")
    await desk.log.write()
    assert [chunk.text for chunk in desk.chunks] == ["mine", " too"]


async def test_what_is_under_way_before_a_request_to_cancel_is_part_of_the_answer(desk: Desk):
    desk.log.to_answer.clear()
    desk.say("kept")
    writing = asyncio.ensure_future(desk.log.write())
    await until(lambda: desk.written != [])
    desk.stranger(CancelRequested())
    await desk.journal.look()
    settling = asyncio.ensure_future(desk.journal.settle())
    await asyncio.sleep(0)
    assert not settling.done()
    desk.log.to_answer.set()
    await writing
    await settling
    assert desk.journal.transcript.answer().text == "kept"
    assert desk.journal.version == desk.log.events[-1].version


async def test_looking_waits_for_a_log_that_is_away(desk: Desk):
    desk.stranger(CancelRequested())
    desk.log.go_away()
    looking = asyncio.ensure_future(desk.journal.look())
    await asyncio.sleep(0)
    desk.log.come_back()
    await asyncio.wait_for(looking, 5)
    assert desk.journal.stopped is Stop.CANCELLED


async def test_a_journal_refused_for_no_reason_in_its_stream_says_that_it_is_broken(desk: Desk):
    desk.journal.version += 1
    desk.say("to nowhere")
    await desk.log.write()
    await desk.journal.settle()
    assert desk.journal.stopped is Stop.BROKEN


async def test_handing_over_drops_what_waits_but_not_what_is_under_way(desk: Desk):
    desk.log.to_write.clear()
    desk.say("under way")
    writing = asyncio.ensure_future(desk.log.write())
    await until(lambda: desk.log.writing)
    desk.say("waiting")
    desk.journal.stop(Stop.HANDED_OVER)
    await asyncio.wait_for(desk.journal.settle(), 1)
    desk.log.to_write.set()
    await writing
    await desk.log.write()
    assert [chunk.text for chunk in desk.chunks] == ["under way"]


async def test_only_a_fence_takes_the_place_of_an_earlier_reason(desk: Desk):
    for why in (Stop.CANCELLED, Stop.HANDED_OVER, Stop.BROKEN, Stop.FENCED, Stop.FENCED):
        desk.journal.stop(why)
    assert desk.stops == [Stop.CANCELLED, Stop.FENCED]
