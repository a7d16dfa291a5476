"""What a replay sends and when: planned from stored events, compared with what was stored."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.completion_events import Chunk, CompletionStarted
from domain.thread_events import ThreadRenamed
from infrastructure.audit.moments import Cut
from infrastructure.audit.replay import PAGE_EVENTS, Frame, Replay, Stretch
from infrastructure.relay.frames import is_public, sse_block
from tests.infrastructure.audit.stored import StoredLog, eventful_thread
from tests.projections.story import SECOND, Log, Story

EVENTS = PAGE_EVENTS + 200
ALL = 2**63 - 1


@dataclass
class Shown:
    """An SSE block, taken apart."""

    id: int | None
    body: dict[str, Any]

    @classmethod
    def of(cls, block: bytes) -> "Shown":
        lines = dict(line.split(": ", 1) for line in block.decode().splitlines() if line)
        assert block.endswith(b"\n\n")
        body = json.loads(lines["data"])
        assert lines["event"] == body["name"]
        return cls(int(lines["id"]) if "id" in lines else None, body)


async def frames_of(
    story: Story, *, after: int = 0, longest_pause: int | None = 3 * SECOND, through: int = ALL
) -> list[Frame]:
    stretch = Stretch(after, None, Cut(through))
    log = StoredLog(story.log.events)
    replay = Replay(log, story.id, stretch=stretch, longest_pause=longest_pause)
    found: list[Frame] = []
    while not replay.is_over:
        found += await replay.page()
    return found


async def test_every_public_event_comes_in_order_and_chunks_in_the_providers_pieces() -> None:
    story = eventful_thread(7, events=EVENTS)
    frames = await frames_of(story)
    public = [entry for entry in StoredLog(story.log.events).entries if is_public(entry)]
    shown = [Shown.of(frame.block()) for frame in frames]
    assert [one.id for one in shown if one.id is not None] == [entry.position for entry in public]
    by_position: dict[int, list[Shown]] = {}
    for one in shown:
        by_position.setdefault(one.body["position"], []).append(one)
    assert list(by_position) == [entry.position for entry in public]
    chunks = 0
    for entry in public:
        pieces, whole = by_position[entry.position], Shown.of(sse_block(entry)).body
        if entry.name != "completion.chunk":
            assert [one.body for one in pieces] == [whole]
            continue
        chunks += 1
        assert [one.body["data"]["deltas"] for one in pieces] == [
            [delta] for delta in whole["data"]["deltas"]
        ]
        assert "".join(one.body["data"]["text"] for one in pieces) == whole["data"]["text"]
        assert [one.id for one in pieces[:-1]] == [None] * (len(pieces) - 1)
        apart = {"text": None, "deltas": None}
        assert all({**one.body["data"], **apart} == {**whole["data"], **apart} for one in pieces)
    assert chunks > 50


async def test_the_times_of_the_plan_are_the_recorded_ones() -> None:
    """Without cut pauses: every piece so long after its claim as the provider's deltas say."""
    story = eventful_thread(8, events=EVENTS)
    frames = await frames_of(story, longest_pause=None)
    first = story.log.events[0].at
    recorded = {one.position: one for one in story.log.events}
    claimed = pieces = 0
    for frame in frames:
        one = recorded[frame.entry.position]
        if isinstance(one.event, CompletionStarted):
            claimed, pieces = one.at, 0
        if frame.piece is None:
            assert frame.due.at == one.at
        else:
            body = Shown.of(frame.block()).body
            [[_, milliseconds]] = body["data"]["deltas"]
            pieces += milliseconds * 1000
            assert frame.due.at == claimed + pieces
            told = datetime.fromisoformat(body["at"])
            assert abs(told.timestamp() - frame.due.at / SECOND) < 0.001
    latest = 0
    for frame in frames:
        latest = max(latest, frame.due.at - first)
        assert frame.due.after == latest


async def test_a_piece_has_its_own_time_and_text() -> None:
    story = Story(Log()).start()
    _, completion = story.ask("Hi")
    story.claim(completion)
    chunk = Chunk(1, 1, 0, "text", "Hé☃lo", ((2, 250), (1, 100), (2, 3)))
    position = story.stream(completion, chunk)
    shown = [Shown.of(frame.block()) for frame in (await frames_of(story))[-3:]]
    assert [one.body["data"]["text"] for one in shown] == ["Hé", "☃", "lo"]
    claimed = story.log.events[-2].at
    times = [datetime.fromisoformat(one.body["at"]).timestamp() for one in shown]
    assert [round(time * SECOND) - claimed for time in times] == [250_000, 350_000, 353_000]
    assert [one.id for one in shown] == [None, None, position]


async def test_a_chunk_that_names_no_pieces_comes_as_a_whole() -> None:
    story = Story(Log()).start()
    _, completion = story.ask("Hi")
    story.claim(completion)
    position = story.stream(completion, Chunk(1, 1, 0, "text", "Hello", ()))
    last = (await frames_of(story))[-1]
    assert Shown.of(last.block()).body["data"]["text"] == "Hello"
    assert (last.is_whole, last.entry.position) == (True, position)


async def test_a_replay_that_is_resumed_keeps_the_times_of_the_whole() -> None:
    story = eventful_thread(9, events=200)
    whole = await frames_of(story)
    for after in (1, 50, 120, 199):
        rest = await frames_of(story, after=after)
        assert rest == [frame for frame in whole if frame.entry.position > after]


async def test_nothing_after_its_end_is_shown() -> None:
    story = eventful_thread(10, events=200)
    whole = await frames_of(story)
    some = await frames_of(story, through=77)
    assert some == [frame for frame in whole if frame.entry.position <= 77]


async def test_the_end_of_a_page_ends_nothing() -> None:
    story = Story(Log()).start()
    for number in range(2 * PAGE_EVENTS - 1):
        story.thread(ThreadRenamed(f"{number}"))
    frames = await frames_of(story)
    assert [frame.entry.position for frame in frames] == list(range(1, 2 * PAGE_EVENTS + 1))
