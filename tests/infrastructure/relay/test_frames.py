"""The bytes of an event: exactly those of the contract, from any state that the log may hold."""

import json
import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.catalogue import CATALOGUE
from infrastructure.event_log.entry import LogEntry
from infrastructure.relay.events import (
    BrokenMessage,
    ThreadCancelledEvent,
    ThreadStreamEvent,
    pack,
    stream_event,
    unpack,
)
from infrastructure.relay.frames import BrokenEnvelope, json_object, sse_block

THREAD = UUID("018f2f4e-0000-7000-8000-000000000001")
STREAM = UUID("018f2f4e-0000-7000-8000-000000000002")
STATE = b'{"at":1795330800123999,"actor":"worker:1","cause":null,"data":{"text":"Hello"}}'


def entry(name: str = "completion.chunk", *, state: bytes = STATE, position: int = 7) -> LogEntry:
    return LogEntry(
        originator_id=STREAM,
        originator_version=1,
        topic=f"{name}@1",
        state=state,
        id=position,
        thread_id=THREAD,
        owner_id=uuid4(),
        recorded_at=datetime.now(UTC),
        previous=position - 1,
    )


def test_a_block_is_id_event_and_one_line_of_json() -> None:
    assert sse_block(entry()) == (
        b"id: 7\n"
        b"event: completion.chunk\n"
        b'data: {"position":7,"thread_id":"018f2f4e-0000-7000-8000-000000000001",'
        b'"completion_id":"018f2f4e-0000-7000-8000-000000000002","name":"completion.chunk",'
        b'"at":"2026-11-22T07:00:00.123Z","data":{"text":"Hello"}}\n'
        b"\n"
    )


@pytest.mark.parametrize(
    ("name", "key"),
    [("completion.finished", "completion_id"), ("tool.started", "execution_id")],
)
def test_the_stream_is_named_for_what_it_is(name: str, key: str) -> None:
    assert json.loads(json_object(entry(name)))[key] == str(STREAM)


def test_a_thread_s_own_event_names_only_the_thread() -> None:
    assert json.loads(json_object(entry("thread.renamed"))) == {
        "position": 7,
        "thread_id": str(THREAD),
        "name": "thread.renamed",
        "at": "2026-11-22T07:00:00.123Z",
        "data": {"text": "Hello"},
    }


@pytest.mark.parametrize(
    "words",
    ["", '"', "\\", '\\"', ',"data":', '","data":{}', "a,", '{"at":1', "☃", "\x00\x1f", "data"],
)
def test_no_words_of_an_actor_or_in_the_data_can_move_the_cut(words: str) -> None:
    data = {"data": words, "deep": {"data": {"text": words, "at": 1}}, "list": [words]}
    for cause in (words, None, 7):
        envelope = {"at": 1, "actor": words, "cause": cause, "data": data}
        state = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()
        assert json.loads(json_object(entry(state=state)))["data"] == data


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{}",
        b'{"actor":"a","data":{}}',
        b'{"at":1,"actor":"a"}',
        b'{"at":1,"x":{"data":1},"data":{}}',
        b'{"at":1,"data":{}',
    ],
)
def test_an_envelope_of_another_shape_is_refused(state: bytes) -> None:
    with pytest.raises(BrokenEnvelope, match="position 7"):
        json_object(entry(state=state))


def test_only_public_events_have_a_block_and_every_one_has_its_place_in_the_chain() -> None:
    for kind in CATALOGUE:
        event = stream_event(entry(kind.name, state=STATE if kind.public else b""))
        assert bool(event.sse) == kind.public
        assert (event.thread_id, event.previous, event.position) == (THREAD, 6, 7)
        assert event.name == kind.name
    assert not stream_event(entry("thread.of_a_later_version")).sse


def test_a_cancelled_completion_has_its_own_type() -> None:
    assert type(stream_event(entry("completion.cancelled"))) is ThreadCancelledEvent
    assert type(stream_event(entry("completion.finished"))) is ThreadStreamEvent


def test_a_message_brings_back_what_was_packed() -> None:
    names = ("completion.chunk", "completion.message_recorded", "completion.cancelled")
    events = [stream_event(entry(name, position=n + 1)) for n, name in enumerate(names)]
    assert unpack(pack(events)) == events
    assert unpack(pack([])) == []


def test_no_other_bytes_are_taken_for_a_message() -> None:
    message = pack([stream_event(entry()), stream_event(entry("thread.renamed"))])
    chance = random.Random(3)
    broken = [b"{}", b"\n", b"PING", b"\xff\xfe\n", b"0 0 0 x -1\n", b"a b c d e\n", message + b"!"]
    broken += [message[: chance.randrange(1, len(message))] for _ in range(200)]
    whole = len(pack([stream_event(entry())]))
    for bad in broken:
        if len(bad) != whole:
            with pytest.raises(BrokenMessage):
                unpack(bad)
