"""A house whose wake-ups and cancel hints are written down, and what a user does in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from application.commands.context import Application
from application.commands.messages import Accepted, NewMessage, PostMessage, post_message
from application.turns import Turns
from domain.catalogue import BY_TYPE, Event
from domain.completion_events import CompletionWaiting, ToolCalled
from domain.content import TextPart
from domain.ids import uuid7
from domain.thread import Thread
from domain.thread_events import QueueMode
from tests.application.house import House, saying


@dataclass
class Bells:
    """Who was told what."""

    woken: list[UUID] = field(default_factory=list[UUID])
    hinted: list[UUID] = field(default_factory=list[UUID])

    async def completion(self, completion_id: UUID) -> None:
        self.woken.append(completion_id)

    async def cancel(self, completion_id: UUID) -> None:
        self.hinted.append(completion_id)


class Commanding:
    """One user's thread, which a message has made busy."""

    def __init__(self) -> None:
        self.house = House(saying("Hi"))
        self.bells = Bells()
        log, threads = self.house.log, self.house.threads
        self.app: Application = replace(
            self.house.app,
            turns=Turns(log, threads=threads, wake_up=self.bells),
            wake_up=self.bells,
            cancel_hint=self.bells,
        )
        self.first = UUID(int=0)  # the completion under way
        self.thread_id = UUID(int=0)

    @classmethod
    async def busy(cls) -> "Commanding":
        """Nobody has claimed the answer yet."""
        it = cls()
        it.first = await it.house.ask()
        it.thread_id = it.house.log.stream(it.first)[0].thread_id or it.thread_id
        return it

    @classmethod
    async def answering(cls) -> "Commanding":
        """A worker is at it."""
        it = await cls.busy()
        await it.house.claim(it.first)
        return it

    @classmethod
    async def waiting(cls, *calls: str) -> "Commanding":
        """A person shall approve these tool calls."""
        it = await cls.answering()
        it.tell(it.first, *(ToolCalled(1, 1, call, "delete", {"all": True}) for call in calls))
        it.tell(it.first, CompletionWaiting(calls))
        return it

    def tell(self, stream_id: UUID, *events: Event) -> None:
        """As if its worker had."""
        self.house.log.stranger(stream_id, *events)

    async def post(
        self,
        when_busy: QueueMode | None = "enqueue",
        *,
        message_id: UUID | None = None,
        parent_id: UUID | None = None,
    ) -> Accepted:
        message = NewMessage(message_id or uuid7(), (TextPart("And?"),))
        command = PostMessage(self.house.user, self.thread_id, message, parent_id, when_busy)
        return await post_message(self.app, command)

    async def thread(self) -> Thread:
        return await self.house.threads.get(self.thread_id)

    def events(self, stream_id: UUID) -> Sequence[Event]:
        return [one.event for one in self.house.log.stream(stream_id)]

    def since(self, position: int) -> list[str]:
        """The names of what came after a position."""
        return [BY_TYPE[type(one.event)].name for one in self.house.log.events[position:]]

    @property
    def position(self) -> int:
        return len(self.house.log.events)
