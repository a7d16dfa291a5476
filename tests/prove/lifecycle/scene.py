"""What every part of the proof works with: the processes, the world around them, the log."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

from tests.model_server import ask
from tests.prove.lifecycle.counter import Counter
from tests.prove.lifecycle.fleet import Death, Fleet
from tests.prove.lifecycle.provider import TaggingServer
from tests.prove.lifecycle.streams import Streams, named, worker_of
from tests.storm.figures import Figures
from tests.system.client import Client
from tests.system.stack import eventually


@dataclass(frozen=True)
class Asked:
    """A question that was accepted."""

    tag: str
    thread_id: str
    completion_id: str
    message_id: str
    position: int


@dataclass
class Scene:
    """`client` speaks for the first administrator; `random` is decided by one seed."""

    fleet: Fleet
    client: Client
    provider: TaggingServer
    counter: Counter
    streams: Streams
    figures: Figures
    random: Random
    began: float = field(default_factory=time.monotonic)
    _tags: "count[int]" = field(default_factory=lambda: count(1))

    def tag(self, kind: str) -> str:
        """A new name for a conversation."""
        return f"{kind}-{next(self._tags)}"

    async def ask(self, tag: str, *, agent: str = "handy", **script: Any) -> Asked:
        """Begin the conversation with a question that tells the model what to do."""
        message = {"text": ask(f"conversation:{tag}", **script)}
        told = await self.client.post("/v1/threads", {"message": message, "agent": agent})
        return _asked(tag, told)

    async def say(self, asked: Asked, text: str) -> Asked:
        """One more message in its thread."""
        told = await self.client.say(asked.thread_id, text)
        return _asked(asked.tag, {"thread_id": asked.thread_id, **told})

    async def has_effect(self, tag: str, tool: str, *, count: int = 1) -> None:
        """Wait until a tool has had its effect so often."""
        await eventually(lambda: self.counter.times(tag, tool) >= count, seconds=30)

    async def kill_worker_of(self, stream: str) -> Death:
        """The one that has claimed it."""
        worker_id = worker_of(await self.streams.read(stream))
        return self.fleet.kill(self.fleet.name_of(worker_id))

    async def completions_of(self, thread: str) -> list[str]:
        """All that were ever requested, in order."""
        found = await self.streams.of_thread(thread)
        return [stream for name, stream in found if name == "completion.requested"]

    async def execution_of(self, asked: Asked) -> str:
        """The background tool that a completion has dispatched."""
        return (await self.executions_of(asked))[0]

    async def executions_of(self, asked: Asked, *, count: int = 1) -> Sequence[str]:
        """Those that a completion has dispatched, once there are so many."""
        events = await self.streams.until_named(
            asked.completion_id, "completion.tool_dispatched", count=count
        )
        found = named(events, "completion.tool_dispatched")
        return [one.data["execution_id"] for one in found]


def call(tool: str, tag: str, **arguments: Any) -> list[Any]:
    """A call of a tool, as a script has it."""
    return [tool, {"tag": tag, **arguments}]


def _asked(tag: str, told: dict[str, Any]) -> Asked:
    return Asked(
        tag, told["thread_id"], told["completion_id"], told["message_id"], told["position"]
    )
