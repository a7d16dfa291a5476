"""Conversations with providers through the whole running product: cancelled, approved, steered.

Each goes on with a question that must be answered, and leaves the requests to be proved.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.model_server import ask
from tests.model_server.turn import Protocol
from tests.system.client import Client, Seen

PAY: list[Any] = [["pay", {"q": "Ann"}], ["look", {"q": "x"}], ["pay", {"q": "Bob"}]]
SLOW: list[Any] = [["look", {"q": "x"}], ["dig", {"seconds": 1.0}]]
FIRST: dict[str, Any] = {"reasoning": 2, "preamble": 2}
PACE: dict[str, Any] = {"words": 60, "reasoning": 2, "gap_seconds": 0.05}


@dataclass
class Conversation:
    """One thread with one provider."""

    client: Client
    protocol: Protocol
    thread: str = ""
    completions: list[str] = field(default_factory=list[str])
    seen: list[Seen] = field(default_factory=list[Seen])
    faults: list[str] = field(default_factory=list[str])

    async def begin(self, text: str, /, **script: Any) -> None:
        message = {"text": ask(f"{text} {id(self)}", **script)}
        body = {"agent": self.protocol, "message": message}
        started = await self.client.post("/v1/threads", body)
        self.thread = started["thread_id"]
        self.completions.append(started["completion_id"])

    async def say(self, text: str, /, *, when_busy: str = "enqueue", **script: Any) -> None:
        body = {"text": ask(f"{text} {id(self)}", **script), "when_busy": when_busy}
        said = await self.client.post(f"/v1/threads/{self.thread}/messages", body)
        if when_busy != "steer":
            self.completions.append(said["completion_id"])

    async def sees(self, name: str, *, times: int = 1) -> Seen:
        """Events of the thread so far, up to the one of that name."""
        self.seen = []
        async for event in self.client.events(self.thread):
            self.seen.append(event)
            times -= event.name == name
            if not times:
                return event
        raise AssertionError(f"no {name} came")

    async def ends(self, ending: str) -> None:
        """The last completion."""
        seen = await self.client.until_end(self.completions[-1], self.thread)
        name = seen[-1].name
        if name != f"completion.{ending}":
            self.faults.append(f"ended as {name}, not {ending}: {seen[-1].data}")

    async def cancel(self) -> None:
        await self.client.post(f"/v1/completions/{self.completions[-1]}/cancel")
        await self.ends("cancelled")

    async def decide(self, **answers: bool) -> None:
        """By the argument of the call, in the order of the calls."""
        waiting = await self.sees("completion.waiting")
        calls = [one.data for one in self.seen if one.name == "completion.tool_called"]
        open_now = waiting.data["tool_call_ids"]
        asked = [call["tool_call_id"] for call in calls if call["tool_call_id"] in open_now]
        for call, approved in zip(asked, answers.values(), strict=True):
            body = {"tool_call_id": call, "approved": approved}
            await self.client.post(f"/v1/completions/{self.completions[-1]}/approvals", body)

    async def goes_on(self) -> None:
        await self.say("And now?", words=2, reasoning=1)
        await self.ends("finished")


async def cancelled_in_mid_text(talk: Conversation) -> None:
    await talk.begin("one", **{**PACE, "words": None})
    await talk.sees("completion.chunk", times=4)
    await talk.cancel()


async def cancelled_in_a_tool(talk: Conversation) -> None:
    await talk.begin("one", **FIRST, calls=SLOW)
    await talk.sees("completion.tool_called", times=2)
    await talk.cancel()


async def cancelled_while_it_waits(talk: Conversation) -> None:
    await talk.begin("one", **FIRST, calls=PAY)
    await talk.sees("completion.waiting")
    await talk.cancel()


async def both_approved(talk: Conversation) -> None:
    await talk.begin("one", **FIRST, calls=PAY, words=2)
    await talk.decide(ann=True, bob=True)
    await talk.ends("finished")


async def one_approved_and_one_denied(talk: Conversation) -> None:
    await talk.begin("one", **FIRST, calls=PAY, words=2)
    await talk.decide(ann=False, bob=True)
    await talk.ends("finished")


async def steered_in_a_tool(talk: Conversation) -> None:
    await talk.begin("one", **FIRST, calls=SLOW, words=2)
    await talk.sees("completion.tool_called", times=2)
    await talk.say("rather two", when_busy="steer", words=3)
    await talk.ends("finished")


async def interrupted_in_mid_text(talk: Conversation) -> None:
    await talk.begin("one", **PACE)
    await talk.sees("completion.chunk", times=4)
    await talk.say("no: two", when_busy="interrupt", words=2)
    await talk.ends("finished" if len(talk.completions) > 1 else "cancelled")


async def lost_in_the_second_text(talk: Conversation, kill: Callable[[str], None]) -> None:
    """`kill` ends the worker of that id."""
    await talk.begin("one", **FIRST, calls=[["look", {"q": "x"}]], then=PACE)
    await talk.sees("completion.tool_called")
    await talk.sees(
        "completion.chunk", times=1 + sum(one.name.endswith("chunk") for one in talk.seen)
    )
    started = [one for one in talk.seen if one.name == "completion.started"]
    kill(started[-1].data["worker_id"])
    await talk.ends("finished")


CONVERSATIONS: tuple[Callable[[Conversation], Awaitable[None]], ...] = (
    cancelled_in_mid_text,
    cancelled_in_a_tool,
    cancelled_while_it_waits,
    both_approved,
    one_approved_and_one_denied,
    steered_in_a_tool,
    interrupted_in_mid_text,
)


async def hold(
    client: Client, protocol: Protocol, play: Callable[[Conversation], Awaitable[None]]
) -> Conversation:
    """Play it, and ask what comes next."""
    talk = Conversation(client, protocol)
    try:
        async with asyncio.timeout(60):
            await play(talk)
            await talk.goes_on()
    except (AssertionError, TimeoutError) as error:
        talk.faults.append(f"{type(error).__name__}: {error}")
    return talk
