"""The model provider of the measurements, in a process of its own: each word says when it was sent.

A word `w7 ` goes out as `1763800000123456789:w7 `: nanoseconds since 1970 when it left. So lateness
can be read off the text itself, wherever it arrives and however it was put together.
"""

import re
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.model_server.server import ModelServer, environment

_MARK = b'"content":"w'
_WORD = re.compile(r"(\d+):w(\d+) ")


class StampingServer(ModelServer):
    """The tests' provider, with the time in front of each word; it hangs up on nobody who idles."""

    def __init__(self, *, keep: bool) -> None:
        super().__init__(keep=keep, keep_alive_seconds=300)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""

        async def stamped(message: Any) -> None:
            if _MARK in message.get("body", b""):
                stamp = b'"content":"%d:w' % time.time_ns()
                message = {**message, "body": message["body"].replace(_MARK, stamp)}
            await send(message)

        await super().__call__(scope, receive, stamped)


@dataclass(frozen=True)
class Word:
    """One word of an answer; `sent_at` in nanoseconds since 1970."""

    number: int
    sent_at: int


def words_in(text: str) -> list[Word]:
    """All words of a text, in order. AssertionError when it is made of anything else."""
    words = [Word(int(number), int(sent_at)) for sent_at, number in _WORD.findall(text)]
    assert not _WORD.sub("", text), f"a torn word in {text[-100:]!r}"
    return words


def is_whole(words: Sequence[Word], count: int) -> bool:
    """Are these all words of the answer, each once, in order?"""
    return [word.number for word in words] == list(range(count))


@contextmanager
def provider() -> Generator[dict[str, str]]:
    """A running provider; the environment variables that send Threadlog there."""
    command = [sys.executable, "-m", "benchmarks.rig.provider"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield environment(process.stdout.readline().strip())
        finally:
            process.terminate()
            process.wait(10)


def main() -> None:
    """Serve until SIGTERM."""
    server = StampingServer(keep=False)
    print(server.url, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
