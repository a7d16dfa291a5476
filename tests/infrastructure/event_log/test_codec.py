"""Events to bytes and back, exactly, for every name and revision that was ever released."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import JsonValue
from pydantic_core import PydanticSerializationError

from domain.catalogue import CATALOGUE, EventType
from domain.completion_events import Chunk, MessageRecorded
from domain.jsonvalue import JsonObject
from domain.thread_events import MessageAdded, ThreadRenamed
from infrastructure.event_log import BrokenEvent, Codec, LogEntry, UnknownEvent
from tests.infrastructure.event_log.events import chunk
from tests.infrastructure.event_log.write_examples import ACTOR, AT, CAUSE, EXAMPLES

FILES = sorted(EXAMPLES.glob("*.json"))


def entry(topic: str, state: bytes) -> LogEntry:
    return LogEntry(uuid4(), 3, topic, state, 7, uuid4(), uuid4(), datetime.now(UTC), 6)


def contains(whole: JsonValue, part: JsonValue) -> bool:
    """Every key and value of the part, at any depth, stands in the whole."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and contains(whole[key], part[key]) for key in part)
    return type(whole) is type(part) and whole == part


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_stored_example_of_every_revision_still_decodes(file: Path) -> None:
    codec = Codec()
    recorded = codec.decode(entry(file.stem, file.read_bytes()))
    assert (recorded.at, recorded.actor, recorded.cause) == (AT, ACTOR, CAUSE)
    topic, state = codec.encode(recorded.event, at=AT, actor=ACTOR, cause=CAUSE)
    if topic == file.stem:  # of an older revision only that it decodes can be said here
        assert contains(json.loads(state), json.loads(file.read_bytes()))


@pytest.mark.parametrize("kind", CATALOGUE, ids=lambda kind: kind.name)
def test_every_event_has_a_stored_example_of_each_revision(kind: EventType) -> None:
    names = {file.stem for file in FILES}
    assert {f"{kind.name}@{n}" for n in range(1, kind.revision + 1)} <= names


def test_the_state_is_compact_json_that_ends_with_its_data() -> None:
    stream = uuid4()
    topic, state = Codec().encode(MessageAdded(stream, None, ()), at=AT, actor="system")
    assert topic == "thread.message_added@1"
    assert state == (
        b'{"at":%d,"actor":"system","data":{"message_id":"%b","parent_id":null,'
        b'"parts":[],"request_hash":null}}' % (AT, str(stream).encode())
    )


def test_the_data_can_be_cut_out_unread_whatever_actor_and_cause_hold() -> None:
    actor = 'somebody ","data":{"x":1}} \\ \x00'
    _, state = Codec().encode(ThreadRenamed("a"), at=AT, actor=actor, cause=actor)
    before, _, data = state.partition(b',"data":')
    assert data[:-1] == b'{"title":"a"}'
    assert json.loads(before + b"}") == {"at": AT, "actor": actor, "cause": actor}


@pytest.mark.parametrize(
    "text",
    ["", "NUL \x00 inside", "\x1f\x7f\u2028\ufeff\ufffd", "Grüße 世界 🚀", '"\\/\n', "é" * 99],
)
def test_text_comes_back_exactly(text: str) -> None:
    codec = Codec()
    event = chunk(text)
    message = MessageRecorded(1, 1, {text or "key": [text, {"nested": text}]})
    for one in (event, message):
        assert codec.decode(entry(*codec.encode(one, at=AT, actor="system"))).event == one


def test_what_is_not_unicode_is_refused_and_not_repaired() -> None:
    with pytest.raises(PydanticSerializationError, match="surrogates"):
        Codec().encode(chunk("half a pair \ud800"), at=AT, actor="system")


def test_the_same_event_gives_the_same_bytes() -> None:
    first, second = (Codec().encode(chunk(), at=AT, actor="a", cause="b") for _ in range(2))
    assert first == second


def test_decoding_gives_the_whole_envelope() -> None:
    stored = entry(*Codec().encode(chunk(), at=AT, actor="worker:1", cause="c"))
    recorded = Codec().decode(stored)
    assert (recorded.stream_id, recorded.version, recorded.position) == (stored.originator_id, 3, 7)
    assert (recorded.thread_id, recorded.owner_id) == (stored.thread_id, stored.owner_id)
    assert (recorded.at, recorded.actor, recorded.cause) == (AT, "worker:1", "c")


@pytest.mark.parametrize(
    "topic",
    ["os:system@1", "completion.chunk@2", "completion.chunk@0", "completion.chunk", "chunk@x", ""],
)
def test_an_unknown_name_says_where_it_stands_and_is_never_imported(topic: str) -> None:
    with pytest.raises(UnknownEvent, match=f"{topic} at position 7"):
        Codec().decode(entry(topic, b"{}"))


@pytest.mark.parametrize("state", [b"", b"{", b'{"at":1,"actor":"a","cause":null,"data":{}}'])
def test_broken_content_says_where_it_stands(state: bytes) -> None:
    with pytest.raises(BrokenEvent, match=r"completion\.chunk@1 at position 7"):
        Codec().decode(entry("completion.chunk@1", state))


def test_an_error_about_broken_content_does_not_repeat_the_content() -> None:
    state = b'{"at":1,"actor":"a","cause":null,"data":{"title":{"secret":1}}}'
    with pytest.raises(BrokenEvent) as broken:
        Codec().decode(entry("thread.renamed@1", state))
    assert "secret" not in str(broken.value)


@dataclass(frozen=True)
class Renamed:
    """The shape of a later revision."""

    title: str
    language: str


def test_older_revisions_are_brought_up_one_step_at_a_time() -> None:
    def one_to_two(data: JsonObject) -> JsonObject:
        return {"title": data["name"]}

    def two_to_three(data: JsonObject) -> JsonObject:
        return {**data, "language": "de"}

    kind: Any = EventType("thread.renamed", Renamed, revision=3)  # pyright: ignore[reportArgumentType]
    steps = {"thread.renamed@1": one_to_two, "thread.renamed@2": two_to_three}
    codec = Codec([kind], steps)
    old = b'{"at":1,"actor":"a","cause":null,"data":{"name":"x"}}'
    newer = b'{"at":1,"actor":"a","cause":null,"data":{"title":"x"}}'
    assert codec.decode(entry("thread.renamed@1", old)).event == Renamed("x", "de")
    assert codec.decode(entry("thread.renamed@2", newer)).event == Renamed("x", "de")
    with pytest.raises(UnknownEvent, match="no upcaster"):
        Codec([kind], {"thread.renamed@1": one_to_two}).decode(entry("thread.renamed@1", old))


def test_chunks_hold_their_deltas_as_pairs() -> None:
    codec = Codec()
    event = Chunk(1, 1, 0, "text", "ab", ((1, 3), (1, 4)))
    decoded = codec.decode(entry(*codec.encode(event, at=AT, actor="a"))).event
    assert isinstance(decoded, Chunk)
    assert decoded.deltas == ((1, 3), (1, 4))
