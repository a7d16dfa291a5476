"""A stored event leaves as a line of JSON and comes back byte for byte."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from pydantic_core import from_json

from infrastructure.event_log.entry import LogEntry
from infrastructure.event_log.lines import LineIsMalformed, entry_of, line_of

AN_ID = UUID("018f0000-0000-7000-8000-000000000001")
SPACED = '{"at":1, "actor":"x",  "data":{"text":"ä\\n,\\"state\\":1"}}'.encode()


def entry(state: bytes, *, thread_id: UUID | None = AN_ID) -> LogEntry:
    return LogEntry(
        id=7,
        originator_id=AN_ID,
        originator_version=2,
        topic='strange,"state":@1',
        state=state,
        thread_id=thread_id,
        owner_id=thread_id,
        recorded_at=datetime(2026, 11, 22, 7, 0, 0, 123456, UTC),
    )


@pytest.mark.parametrize("state", [SPACED, b"1", b"\x00\xff", b"", b'{"a":\n1}'])
@pytest.mark.parametrize("thread_id", [AN_ID, None])
def test_what_comes_back_is_what_left(state: bytes, thread_id: UUID | None) -> None:
    line = line_of(entry(state, thread_id=thread_id))
    assert b"\n" not in line
    assert entry_of(line + b"\n") == entry(state, thread_id=thread_id)


@pytest.mark.parametrize(
    "state", [b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":\r1}', b'"\\ud800"', b'{"a":1}{"b":2}']
)
def test_every_line_is_one_line_of_strict_json(state: bytes) -> None:
    line = line_of(entry(state))
    assert len(line.splitlines()) == 1
    assert from_json(line, allow_inf_nan=False)["state_hex"] == state.hex()
    assert entry_of(line) == entry(state)


def test_the_state_of_our_own_events_stands_in_the_line_as_json() -> None:
    read = from_json(line_of(entry(SPACED)))
    assert list(read)[-1] == "state"
    assert read["state"]["data"]["text"] == 'ä\n,"state":1'


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"position":1}', b'{"state":1}', b"null"])
def test_what_is_not_such_a_line_is_named(line: bytes) -> None:
    with pytest.raises(LineIsMalformed):
        entry_of(line)
