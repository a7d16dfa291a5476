"""An answer that does not end is ended, before it fills the memory."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from application.answer_limit import LINE_BYTES, AnswerLength, AnswerTooLong, bound_lines

BLOCK = b"x" * (LINE_BYTES // 16)


class Endless(httpx2.AsyncByteStream):
    """A body of blocks; counts what was read of it."""

    def __init__(self, block: bytes, *, blocks: int = 1_000_000) -> None:
        self.block = block
        self.blocks = blocks
        self.read = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.read < self.blocks:
            self.read += 1
            yield self.block

    async def aclose(self) -> None:
        self.closed = True


async def read(body: Endless, *, status: int = 200) -> int:
    """How many bytes come through."""
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, stream=body))
    hooks = {"response": [bound_lines]}
    async with (
        httpx2.AsyncClient(transport=transport, event_hooks=hooks) as client,
        client.stream("POST", "http://provider") as response,
    ):
        return sum([len(data) async for data in response.aiter_bytes()])


async def test_a_line_without_an_end_is_left():
    body = Endless(BLOCK)
    with pytest.raises(AnswerTooLong):
        await read(body)
    assert body.read == 17
    assert body.closed


async def test_any_number_of_lines_is_welcome():
    body = Endless(BLOCK[:-1] + b"\n", blocks=40)
    assert await read(body) == 40 * len(BLOCK)
    body = Endless(b"x\n" + BLOCK[2:], blocks=40)  # the line goes on in the next block
    assert await read(body) == 40 * len(BLOCK)


async def test_an_error_is_read_as_a_whole_so_all_its_lines_count():
    body = Endless(BLOCK[:-1] + b"\n")
    with pytest.raises(AnswerTooLong):
        await read(body, status=500)
    assert body.read == 17


def test_characters_count_until_there_is_no_place_left():
    length = AnswerLength(5)
    assert [length.fitting(text) for text in ("ab", "", "c", "de")] == ["ab", "", "c", "de"]
    assert not length.exceeded
    assert length.fitting("") == ""
    assert not length.exceeded
    assert length.fitting("f") == ""
    assert length.exceeded


def test_the_beginning_of_what_is_too_long_is_kept():
    length = AnswerLength(5)
    assert length.fitting("abcdefgh") == "abcde"
    assert length.exceeded
