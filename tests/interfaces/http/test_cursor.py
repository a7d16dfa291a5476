"""Cursors: what is accepted, what each means, and what is refused instead of being silent."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from domain.refusals import Refusal
from infrastructure.event_log.log import PostgresEventLog
from infrastructure.relay.subject import ThreadEvents
from interfaces.http.cursor import (
    Cursor,
    CursorIsAhead,
    CursorIsMalformed,
    CursorOfAnotherThread,
    CursorsDiffer,
    position_of,
    read_cursor,
)
from tests.infrastructure.relay.conversation import Conversation


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("", 0),
        ("0", 0),
        ("-1", 0),
        ("latest", "latest"),
        ("1", 1),
        ("1042", 1042),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_each_form_has_one_meaning_in_the_header_and_in_the_query(
    value: str, means: Cursor
) -> None:
    assert read_cursor([value]) == means
    assert read_cursor([], after=[value]) == means


def test_without_a_cursor_a_stream_begins_at_the_start() -> None:
    assert read_cursor([]) == 0


@pytest.mark.parametrize(
    "value",
    [
        *("abc", " 12 ", " ", "12 ", "+5", "-2", "-0", "00", "007", "1_000", "0x10", "1e3", "1.0"),
        *("NaN", "Infinity", "٣", "１２", "²", "12\n", "\x00", "1,2", "Latest", "null", "12.3"),
        *("9223372036854775808", "99999999999999999999", "1" * 10_000),
    ],
)
def test_anything_else_is_malformed(value: str) -> None:
    with pytest.raises(CursorIsMalformed):
        read_cursor([value])
    with pytest.raises(CursorIsMalformed):
        read_cursor([], after=[value])


def test_two_different_cursors_are_refused_and_two_equal_ones_are_one() -> None:
    with pytest.raises(CursorsDiffer):
        read_cursor(["1", "2"])
    with pytest.raises(CursorsDiffer):
        read_cursor([], after=["1", "latest"])
    assert read_cursor(["7", "7"]) == 7
    assert read_cursor(["0", "-1", ""]) == 0


def test_a_browser_that_connects_again_is_not_sent_back_to_where_its_url_began() -> None:
    assert read_cursor(["9"], after=["5"]) == 9
    assert read_cursor(["0"], after=["5"]) == 0
    assert read_cursor([""], after=["5"]) == 5


def test_every_refusal_says_what_the_client_can_do() -> None:
    for refusal in (CursorIsMalformed, CursorsDiffer, CursorOfAnotherThread, CursorIsAhead):
        assert issubclass(refusal, Refusal)
        assert str(refusal()).endswith(".")


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog(database) as log:
        yield log


@pytest.fixture
async def conversation(log: PostgresEventLog) -> Conversation:
    conversation = Conversation(log)
    await conversation.start()
    await conversation.record()
    return conversation


async def test_any_position_of_the_thread_is_a_cursor_visible_or_not(
    log: PostgresEventLog, conversation: Conversation
) -> None:
    positions = await conversation.positions(public=False)
    assert len(positions) == 3
    for cursor in (0, *positions):
        found = await position_of(cursor, subject=conversation.subject, log=log.reader)
        assert found == cursor


async def test_latest_is_the_thread_s_last_position(
    log: PostgresEventLog, conversation: Conversation
) -> None:
    last = (await conversation.positions(public=False))[-1]
    await Conversation(log).start()
    found = await position_of("latest", subject=conversation.subject, log=log.reader)
    assert found == last
    assert await position_of("latest", subject=ThreadEvents(uuid4()), log=log.reader) == 0


async def test_a_position_of_another_thread_or_of_none_is_refused(
    log: PostgresEventLog, conversation: Conversation
) -> None:
    other = Conversation(log)
    await other.start()
    foreign = (await other.positions())[0]
    with pytest.raises(CursorOfAnotherThread):
        await position_of(foreign, subject=conversation.subject, log=log.reader)


async def test_a_position_that_the_log_has_not_reached_is_refused(
    log: PostgresEventLog, conversation: Conversation
) -> None:
    end = await log.reader.last_position()
    for cursor in (end + 1_000_000, 2**63 - 1):
        with pytest.raises(CursorIsAhead):
            await position_of(cursor, subject=conversation.subject, log=log.reader)
