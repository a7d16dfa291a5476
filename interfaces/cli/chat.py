"""`threadlog chat`: talk to an agent; Ctrl-C stops the answer, not the program."""

import asyncio
import contextlib
import importlib
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from uuid import UUID

import httpx2

from infrastructure.settings import Settings
from interfaces.cli.chat_terminal import BOLD, DIM, PLAIN, Terminal, question_about
from interfaces.cli.chat_turn import Turn
from interfaces.cli.client import Client, Json, Refused, StreamEvent, connected, exit_code_of

HELP = "/new begins another thread, /quit or Ctrl-D leaves, Ctrl-C stops an answer"
LEFT = "[it goes on in the background; what comes of it is told with your next question]"


def chat(settings: Settings, *, thread: UUID | None, agent: str | None, question: str) -> int:
    """One question where there is one, else a conversation. Exit code 0, or 1 with the reason."""
    return exit_code_of(_chat(settings, thread=thread, agent=agent, question=question))


async def _chat(
    settings: Settings, *, thread: UUID | None, agent: str | None, question: str
) -> int:
    async with connected(settings) as client:
        person = _asked if sys.stdin.isatty() else None
        conversation = Conversation(client, thread=thread, agent=agent, person=person)
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


async def _asked(question: str) -> bool:
    answer = await asyncio.to_thread(input, question)
    return answer.strip().lower() in ("y", "yes")


class Conversation:
    """One thread: what a person asks in it, and everything that comes of that.

    `person` decides whether a tool may run; without one somebody else has to.
    """

    def __init__(
        self,
        client: Client,
        *,
        thread: UUID | None,
        agent: str | None,
        person: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._client = client
        self._thread = None if thread is None else str(thread)
        self._agent = agent
        self._person = person
        self._turn: Turn | None = None
        self._following: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None

    def begin_again(self) -> None:
        """The next question begins another thread."""
        self._thread = None

    def stop(self) -> None:
        """Ctrl-C: stop the answer that is being typed, or wait no longer for background tools."""
        if self._turn is None or self._following is None:
            print(f"\n{DIM}{HELP}{PLAIN}")
        elif self._turn.answering is None:
            self._following.cancel()
        else:
            self._stopping = asyncio.create_task(self._cancel(self._turn.answering))

    async def ask(self, text: str) -> str:
        """Post the text, show the answer and those that follow by themselves.

        Returns the name of the event that ended the last one, or that it waits for a person.
        """
        accepted = await self._post(text)
        self._thread = accepted["thread_id"]
        turn, terminal = Turn(accepted["completion_id"]), Terminal()
        following = asyncio.create_task(self._follow(turn, terminal, after=accepted["position"]))
        self._turn, self._following = turn, following
        try:
            await asyncio.wait({following})
            if following.cancelled():
                terminal.note(LEFT)
            else:
                following.result()
        finally:
            following.cancel()
            terminal.end_line()
            self._turn = self._following = None
        return turn.ended

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

    async def _follow(self, turn: Turn, terminal: Terminal, *, after: int) -> None:
        following = self._client.follow(f"/threads/{self._thread}/events", after=after)
        async with aclosing(following) as events:
            async for event in events:
                terminal.show(event, turn)
                ours = event.completion_id == turn.answering
                turn.learn(event)
                if ours and event.name == "completion.waiting":
                    turn.ended = event.name
                    if self._person is None:
                        path = f"/v1/completions/{turn.answering}/approvals"
                        terminal.note(f"[it waits for your approval: POST {path}]")
                        return
                    [call, *_] = event.data["tool_call_ids"]  # the rest are asked for again
                    terminal.end_line()
                    approved = await self._person(question_about(turn.calls[call]))
                    await self._approve(turn, terminal, call=call, approved=approved)
                elif turn.idle and not await self._goes_on(turn, event):
                    return

    async def _approve(self, turn: Turn, terminal: Terminal, *, call: str, approved: bool) -> None:
        path = f"/completions/{turn.answering}/approvals"
        try:
            await self._client.call("POST", path, {"tool_call_id": call, "approved": approved})
        except Refused as refused:  # it was answered elsewhere, or has been stopped
            terminal.note(f"[{refused}]")

    async def _goes_on(self, turn: Turn, event: StreamEvent) -> bool:
        """Has an answer begun by itself in the append that this event belongs to?"""
        if not turn.may_go_on:
            return False
        path = f"/threads/{self._thread}?min_position={event.position}"
        with contextlib.suppress(Refused, httpx2.TransportError):  # then nobody knows
            thread = await self._client.call("GET", path)
            return thread["active_completion_id"] is not None
        return False
