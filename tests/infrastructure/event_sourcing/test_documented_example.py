"""docs/examples/plain_eventsourcing.py on a log that Threadlog's own event log writes."""

import asyncio
import os
import shlex
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

from application.ports import StreamAppend
from domain.catalogue import Event
from domain.completion_events import (
    Answer,
    Chunk,
    CompletionFinished,
    CompletionRequested,
    CompletionStarted,
    Usage,
)
from domain.content import TextPart
from domain.thread_events import MessageAdded, ThreadCompletionRequested, ThreadStarted, TurnEnded
from infrastructure.event_log import PostgresEventLog
from tests.infrastructure.event_log.databases import LogDatabase

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/reading-the-log.md").read_text()
(SHOWN,) = (line.strip() for line in PAGE.splitlines() if line.endswith("/plain_eventsourcing.py"))
TWO_LINES = {
    "PERSISTENCE_MODULE": "infrastructure.event_sourcing",
    "MAPPER_TOPIC": "infrastructure.event_log:EventMapper",
}


class Conversation:
    """One thread, a question, and its answer when it comes."""

    def __init__(self, log: PostgresEventLog) -> None:
        self._log = log
        self._owner, self._worker = uuid4(), uuid4()
        self.thread, self.completion = uuid4(), uuid4()

    async def ask(self, question: str) -> None:
        message = uuid4()
        await self._log.append(
            self._of(
                *(self.thread, 0),
                ThreadStarted(self._owner, "support"),
                MessageAdded(message, None, (TextPart(question),)),
                ThreadCompletionRequested(self.completion, message),
            ),
            self._of(self.completion, 0, CompletionRequested(self.thread, message, "support")),
            actor=f"user:{self._owner}",
        )

    async def answer(self, *pieces: str) -> None:
        text = "".join(pieces)
        chunks = [Chunk(1, 1, 0, "text", piece, ((len(piece), 9),)) for piece in pieces]
        ending = Answer(text=text, characters=len(text), sha256="", usage=Usage())
        await self._log.append(
            self._of(self.completion, 1, CompletionStarted(1, self._worker), *chunks),
            self._of(self.completion, 2 + len(chunks), CompletionFinished(1, ending)),
            self._of(
                self.thread,
                3,
                TurnEnded(self.completion, "finished", answered=True, head=self.completion),
            ),
            actor=f"worker:{self._worker}",
        )

    def _of(self, stream_id: UUID, expected: int, *events: Event) -> StreamAppend:
        return StreamAppend(stream_id, expected, events, self.thread, self._owner)


@asynccontextmanager
async def example(log: LogDatabase, *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """The line of the page, in an environment that has nothing else of this checkout."""
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = await asyncio.create_subprocess_exec(
        *("env", *shlex.split(SHOWN), *arguments),
        cwd=ROOT,
        env=bare | TWO_LINES | {"THREADLOG_DATABASE_URL": log.url},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_the_example_reads_follows_and_replays_conversations(log: LogDatabase) -> None:
    async with PostgresEventLog(log.url) as ours, asyncio.timeout(60):
        first, second = Conversation(ours), Conversation(ours)
        await first.ask("What is a log?")
        async with example(log, "2") as process:
            assert process.stdout is not None
            read = [await process.stdout.readline() for _ in range(4)]
            assert [line.split()[:3] for line in read] == [
                [b"1", b"thread.started@1", str(first.thread).encode()],
                [b"2", b"thread.message_added@1", str(first.thread).encode()],
                [b"3", b"thread.completion_requested@1", str(first.thread).encode()],
                [b"4", b"completion.requested@1", str(first.completion).encode()],
            ]
            assert await process.stdout.readline() == b"following after position 4\n"
            await first.answer("A list ", "to which ", "one appends.")
            line = await process.stdout.readline()
            assert line.split(maxsplit=1) == [
                b"9",
                b"typed in 3 pieces, 1 attempt: A list to which one appends.\n",
            ]
            await second.ask("And then?")
            await second.answer("One reads it.")
            assert (await process.stdout.readline()).endswith(b": One reads it.\n")
            assert await process.wait() == 0


def test_the_documentation_names_the_two_lines() -> None:
    for name, value in TWO_LINES.items():
        assert f"export {name}={value}\n" in PAGE
