"""How long an answer may grow: in characters where it is read, in bytes where it arrives."""

from collections.abc import AsyncIterator

import httpx2

ANSWER_CHARACTERS = 1_000_000
LINE_BYTES = 16 * 1024 * 1024


class AnswerTooLong(Exception):
    """The model's answer grew longer than answers may be here."""


class AnswerLength:
    """Counts one answer: text, reasoning, the names of tools and their arguments."""

    def __init__(self, most_characters: int) -> None:
        self._left = most_characters

    def fitting(self, text: str) -> str:
        """As much of the text as still fits; after less than all of it `exceeded` is true."""
        kept = text if len(text) <= self._left else text[: max(0, self._left)]
        self._left -= len(text)
        return kept

    @property
    def exceeded(self) -> bool:
        """Is there no place for what has come?"""
        return self._left < 0


async def bound_lines(response: httpx2.Response) -> None:
    """A hook of the client: reading the response raises AnswerTooLong instead of filling memory.

    Providers' packages gather a line of a stream, and an error as a whole, however long it is.
    """
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _BoundedLines(response.stream, lines=response.is_success)


class _BoundedLines(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, *, lines: bool) -> None:
        self._stream = stream
        self._lines = lines

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for data in self._stream:
            newline = data.rfind(b"\n") if self._lines else -1
            length = length + len(data) if newline < 0 else len(data) - newline - 1
            if length > LINE_BYTES:
                raise AnswerTooLong
            yield data

    async def aclose(self) -> None:
        await self._stream.aclose()
