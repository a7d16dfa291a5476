"""A thread streamed again: the same events in the provider's pieces, at the times of the log."""

import asyncio
from uuid import UUID

from application.ports import StreamAppend
from domain.completion_events import Chunk, CompletionStarted
from domain.ids import uuid7
from tests.interfaces.http.audits import HEADERS, Block, Told, ask, blocks_of, opened, told
from tests.interfaces.http.house import House, Json, Person

DEADLINE_SECONDS = 20.0
DELTAS = ((2, 120), (1, 90), (3, 0), (2, 150), (4, 60))
TEXT = "Hé☃llo, you!"


async def typed(house: House, user: Person) -> tuple[str, list[int]]:
    """A thread with an answer under way, typed in pieces; their milliseconds after the claim."""
    started = await user.start("Type")
    completion, thread = UUID(started["completion_id"]), UUID(started["thread_id"])
    half = Chunk(1, 1, 0, "text", TEXT[:6], DELTAS[:3])
    rest = Chunk(1, 1, 0, "text", TEXT[6:], DELTAS[3:])
    append = StreamAppend(
        completion, 1, [CompletionStarted(1, uuid7()), half, rest], thread, user.id
    )
    await house.log.append(append, actor="worker:test")
    passed, moments = 0, list[int]()
    for _, milliseconds in DELTAS:
        passed += milliseconds
        moments.append(passed)
    return started["thread_id"], moments


async def replayed(auditor: Person, path: str, *, last_event_id: int | None = None) -> list[Block]:
    """Everything until the end of the connection, each block with its moment of arrival."""
    clock, found, rest = asyncio.get_running_loop().time, list[Block](), ""
    async with opened(auditor, path, last_event_id=last_event_id) as answer:
        async for text in answer.aiter_text():
            *whole, rest = (rest + text).split("\n\n")
            for block in blocks_of("\n\n".join(whole)):
                block.at = clock()
                found.append(block)
    return found


async def public_log(user: Person, thread: str) -> list[Json]:
    return (await user.get(f"/v1/threads/{thread}/events", limit=1000))["items"]


async def test_at_full_speed_it_is_the_native_stream_piece_by_piece(
    house: House, user: Person, auditor: Person
) -> None:
    thread, _ = await typed(house, user)
    *shown, end = await replayed(auditor, f"/v1/audit/threads/{thread}/replay?speed=max")
    assert (end.event, end.id) == ("end", None)
    public = await public_log(user, thread)
    assert [block.id for block in shown if block.id] == [event["position"] for event in public]
    others = [block.body for block in shown if block.event != "completion.chunk"]
    assert others == [event for event in public if event["name"] != "completion.chunk"]
    pieces = [block.body["data"] for block in shown if block.event == "completion.chunk"]
    assert [piece["deltas"] for piece in pieces] == [[list(delta)] for delta in DELTAS]
    assert [piece["text"] for piece in pieces] == ["Hé", "☃", "llo", ", ", "you!"]


async def test_pieces_arrive_when_the_provider_sent_them(
    house: House, user: Person, auditor: Person
) -> None:
    thread, moments = await typed(house, user)
    for speed in (1.0, 2.0):
        path = f"/v1/audit/threads/{thread}/replay?speed={speed:g}"
        shown = await replayed(auditor, path)
        [claimed] = [block.at for block in shown if block.event == "completion.started"]
        arrived = [block.at - claimed for block in shown if block.event == "completion.chunk"]
        for moment, after in zip(moments, arrived, strict=True):
            assert -0.03 < after - moment / 1000 / speed < 0.5  # late by what the machine is busy


async def test_a_resumed_replay_goes_on_after_the_last_whole_event(
    user: Person, auditor: Person, seen: Told
) -> None:
    path = f"{seen.path}/replay?speed=max"
    whole = await replayed(auditor, path)
    ids = [block.id for block in whole if block.id]
    for last in ids[:-1]:
        rest = await replayed(auditor, path, last_event_id=last)
        assert [block.id for block in rest if block.id] == ids[ids.index(last) + 1 :]
        assert rest[-1].event == "end"
    resumed = {**HEADERS, b"Last-Event-ID": str(ids[-1]).encode()}
    assert (await auditor.http.get(path, headers=resumed)).status_code == 204


async def test_a_part_is_replayed_from_its_first_moment_to_its_last(
    auditor: Person, seen: Told
) -> None:
    path = f"{seen.path}/replay?speed=max"
    ids = [block.id for block in await replayed(auditor, path) if block.id]
    part = await replayed(auditor, f"{path}&from={seen.asked}&to={seen.said}")
    assert [block.id for block in part if block.id] == [
        position for position in ids if seen.asked <= position <= seen.said
    ]
    from_time = (await ask(auditor, seen.path, as_of=seen.said)).json()["recorded_at"]
    late = await replayed(auditor, f"{path}&from={from_time.replace('+', '%2B')}")
    assert [block.id for block in late if block.id] == [p for p in ids if p >= seen.said]


async def test_what_cannot_be_replayed_is_a_clear_refusal(auditor: Person, seen: Told) -> None:
    for speed in ("0", "0.09", "101", "-1", "nan", "inf", "fast", ""):
        answer = await ask(auditor, f"{seen.path}/replay", speed=speed)
        assert answer.status_code == 422, speed
        assert "max" in answer.json()["detail"]
    reversed_ = await ask(auditor, f"{seen.path}/replay", from_=seen.ended, to=seen.said)
    assert reversed_.status_code == 400
    assert reversed_.json()["type"] == "/problems/moments-are-reversed"
    nonsense = {**HEADERS, b"Last-Event-ID": b"nonsense"}
    answer = await auditor.http.get(f"{seen.path}/replay", headers=nonsense)
    assert answer.status_code == 400


async def test_a_cursor_of_another_thread_is_refused(
    house: House, user: Person, auditor: Person, seen: Told
) -> None:
    other = await told(house, user)
    headers = {**HEADERS, b"Last-Event-ID": str(other.said).encode()}
    answer = await auditor.http.get(f"{seen.path}/replay", headers=headers)
    assert answer.json()["type"] == "/problems/cursor-of-another-thread"


async def paused(house: House, user: Person) -> str:
    """A thread whose replay takes a minute."""
    started = await user.start("Wait")
    chunk = Chunk(1, 1, 0, "text", "ab", ((1, 0), (1, 60_000)))
    ids = UUID(started["completion_id"]), UUID(started["thread_id"])
    events = [CompletionStarted(1, uuid7()), chunk]
    append = StreamAppend(ids[0], 1, events, ids[1], user.id)
    await house.log.append(append, actor="worker:test")
    return f"/v1/audit/threads/{started['thread_id']}/replay"


async def test_a_process_that_ends_ends_a_replay_without_its_end(
    house: House, user: Person, auditor: Person
) -> None:
    path = await paused(house, user)
    try:
        async with opened(auditor, path) as answer, asyncio.timeout(DEADLINE_SECONDS):
            house.resources.leaving.set()
            text = "".join([text async for text in answer.aiter_text()])
        assert "event: end" not in text
    finally:
        house.resources.leaving.clear()
