"""`threadlog chat`: talk to an agent; Ctrl-C stops the answer, not the program."""

import asyncio
import contextlib
import importlib
import signal
import sys
from contextlib import aclosing
from uuid import UUID

import httpx2

from infrastructure.settings import Settings
from interfaces.cli.client import Client, Json, Refused, StreamEvent, connected, exit_code_of
from interfaces.cli.printable import printable

DIM, BOLD, PLAIN = "\033[2m", "\033[1m", "\033[0m"
HELP = "/new begins another thread, /quit or Ctrl-D leaves, Ctrl-C stops an answer"
ENDINGS = ("completion.finished", "completion.failed", "completion.cancelled")


def chat(settings: Settings, *, thread: UUID | None, agent: str | None, question: str) -> int:
    """One question where there is one, else a conversation. Exit code 0, or 1 with the reason."""
    return exit_code_of(_chat(settings, thread=thread, agent=agent, question=question))


async def _chat(
    settings: Settings, *, thread: UUID | None, agent: str | None, question: str
) -> int:
    async with connected(settings) as client:
        conversation = Conversation(client, thread=thread, agent=agent)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, conversation.stop)
        if question:
            return 0 if await conversation.ask(question) == "completion.finished" else 1
        await _converse(conversation)
        return 0


async def _converse(conversation: "Conversation") -> None:
    print(f"{DIM}{HELP}{PLAIN}")
    while (line := await _read_line()) not in (None, "/quit"):
        try:
            if line == "/new":
                conversation.begin_again()
            elif line:
                await conversation.ask(line)
        except Refused as refused:
            print(f"{DIM}[{refused}]{PLAIN}")


async def _read_line() -> str | None:
    """What the user types; None at the end of input."""
    importlib.import_module("readline")  # gives input() its editing keys
    try:
        return (await asyncio.to_thread(input, f"{BOLD}> {PLAIN}")).strip()
    except EOFError:
        print()
        return None


class Terminal:
    """Shows an answer as it is typed, reasoning and tools dimmed."""

    def __init__(self) -> None:
        self._colour = sys.stdout.isatty()
        self._kind = ""

    def show(self, event: StreamEvent) -> None:
        """One event of the completion that is being answered."""
        match event.name:
            case "completion.chunk":
                self._chunk(event.data["kind"], event.data["text"])
            case "completion.tool_called":
                self._note(f"[{event.data['tool']} …]")
            case "completion.interrupted":
                self._note("[the worker went away; the answer begins again]")
            case "completion.failed":
                self._note(f"[failed: {event.data['message']}]")
            case "completion.cancelled":
                self._note("[stopped]")
            case _:
                pass
        if event.name in ENDINGS:
            self._write("\n", kind="")

    def _chunk(self, kind: str, text: str) -> None:
        if kind != "tool_arguments":
            self._write(text, kind=kind)

    def _note(self, text: str) -> None:
        self._write(text, kind="note")

    def _write(self, text: str, *, kind: str) -> None:
        new_part = bool(self._kind) and bool(kind) and kind != self._kind
        start = "\n" if new_part else ""
        self._kind = kind
        dimmed = self._colour and kind in ("reasoning", "note")
        safe = printable(text)
        print(start + (f"{DIM}{safe}{PLAIN}" if dimmed else safe), end="", flush=True)


class Conversation:
    """One thread, and how far its events have been seen."""

    def __init__(self, client: Client, *, thread: UUID | None, agent: str | None) -> None:
        self._client = client
        self._thread = None if thread is None else str(thread)
        self._agent = agent
        self._terminal = Terminal()
        self._answering: str | None = None  # a completion's id
        self._stopping: asyncio.Task[None] | None = None

    def begin_again(self) -> None:
        """The next question begins another thread."""
        self._thread = None

    def stop(self) -> None:
        """Ctrl-C: stop the answer that is being typed."""
        if self._answering is None:
            print(f"\n{DIM}{HELP}{PLAIN}")
        else:
            self._stopping = asyncio.create_task(self._cancel(self._answering))

    async def ask(self, text: str) -> str:
        """Post the text, show the answer; the name of the event that ended it."""
        accepted = await self._post(text)
        self._thread = accepted["thread_id"]
        self._answering = accepted["completion_id"]
        try:
            return await self._follow(accepted["position"], accepted["completion_id"])
        finally:
            self._answering = None

    async def _post(self, text: str) -> Json:
        message = {"text": text}
        if self._thread is None:
            started: dict[str, object] = {"message": message}
            if self._agent:
                started["agent"] = self._agent
            return await self._client.call("POST", "/threads", started)
        posted = await self._client.call("POST", f"/threads/{self._thread}/messages", message)
        return {**posted, "thread_id": self._thread}

    async def _cancel(self, completion_id: str) -> None:
        with contextlib.suppress(Refused, httpx2.TransportError):
            await self._client.call("POST", f"/completions/{completion_id}/cancel", {})

    async def _follow(self, position: int, completion_id: str) -> str:
        following = self._client.follow(f"/threads/{self._thread}/events", after=position)
        async with aclosing(following) as events:
            async for event in events:
                if event.completion_id == completion_id:
                    self._terminal.show(event)
                    if event.name in ENDINGS:
                        return event.name
        raise AssertionError("the stream of events has no end")
