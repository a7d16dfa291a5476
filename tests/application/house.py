"""Everything that a completion needs around it, in memory: a thread, its owner, a worker."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias, TypeVar, cast
from uuid import UUID

from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel
from sqlalchemy.ext.asyncio import AsyncSession

from application.agents import AgentSpec
from application.answer_limit import ANSWER_CHARACTERS
from application.claims import Claims
from application.commands.context import Application, Principal
from application.commands.messages import NewMessage, PostMessage, post_message
from application.engine import ChatEngine
from application.engine_parts import EngineParts
from application.history import History, history_of
from application.model_retries import ModelRetries
from application.ports import StreamAppend
from application.run import Ending, Run
from application.threads import Threads
from application.turns import Turns
from domain.catalogue import BY_TYPE, Event
from domain.completion import Completion
from domain.completion_events import (
    Answer,
    Chunk,
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    CompletionStarted,
)
from domain.content import TextPart
from domain.ids import completion_of, uuid7
from domain.thread_events import ThreadStarted
from tests.application.memory_log import MemoryBlobs, MemoryLog

E = TypeVar("E", bound=Event)
Saying: TypeAlias = Callable[[list[ModelMessage], AgentInfo], AsyncIterator[Any]]
Ended: TypeAlias = CompletionFinished | CompletionFailed | CompletionCancelled


NO_RETRIES = ModelRetries(most=0)


class _Nobody:
    """A wake-up queue and a cancel hint that reach nobody."""

    async def completion(self, completion_id: UUID) -> None:
        pass

    async def cancel(self, completion_id: UUID) -> None:
        pass


async def _secret() -> bytes:
    return bytes(32)


@asynccontextmanager
async def no_database() -> AsyncGenerator[AsyncSession]:
    async with AsyncSession() as session:
        yield session


def saying(*pieces: Any) -> Saying:
    """A model that always streams these."""

    async def say(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
        for piece in pieces:
            yield piece

    return say


class House:
    """One user and one worker. `model` answers unless an agent of `agents` names another."""

    def __init__(
        self,
        model: Saying | Model[Any],
        *,
        spec: AgentSpec | None = None,
        log: MemoryLog | None = None,
        blobs: MemoryBlobs | None = None,
        deadline_seconds: float = 900.0,
        stop_seconds: float = 5.0,
        answer_characters: int = ANSWER_CHARACTERS,
        model_retries: ModelRetries = NO_RETRIES,
        keep_requests: bool = False,
    ) -> None:
        self.log = log or MemoryLog()
        self.blobs = blobs or MemoryBlobs()
        self.threads = Threads(self.log)
        nobody = _Nobody()
        self.turns = Turns(self.log, threads=self.threads, wake_up=nobody)
        self.user = Principal(uuid7(), "user", uuid7())
        self.model: Model[Any] = (
            cast("Model[Any]", model)
            if isinstance(model, Model)
            else FunctionModel(stream_function=model, model_name="told")
        )
        self.resolved: list[str] = []
        self._left: set[UUID] = set()  # completions whose worker has handed them over
        self.agents = {"assistant": spec or AgentSpec()}
        self.engine = ChatEngine(
            EngineParts(
                log=self.log,
                threads=self.threads,
                turns=self.turns,
                blobs=self.blobs,
                agents=self.agents,
                resolve=self._resolve,
                default_model="default",
                sessions=no_database,
                deadline_seconds=deadline_seconds,
                stop_seconds=stop_seconds,
                answer_characters=answer_characters,
                model_retries=model_retries,
                keep_requests=keep_requests,
            )
        )
        self.app = Application(
            log=self.log,
            threads=self.threads,
            turns=self.turns,
            wake_up=nobody,
            cancel_hint=nobody,
            blobs=self.blobs,
            result_secret=_secret,
            agents=frozenset({"assistant"}),
            default_agent="assistant",
        )

    def _resolve(self, name: str) -> Model[Any]:
        self.resolved.append(name)
        return self.model

    async def ask(
        self, text: str = "Hello", *, thread_id: UUID | None = None, parent_id: UUID | None = None
    ) -> UUID:
        """Post a message, in a new thread if none is named. Returns the completion's id."""
        if thread_id is None:
            thread_id = uuid7()
            started = ThreadStarted(self.user.user_id, "assistant")
            append = StreamAppend(thread_id, 0, [started], thread_id, self.user.user_id)
            await self.log.append(append, actor=self.user.actor)
        message = NewMessage(uuid7(), (TextPart(text),))
        post = PostMessage(self.user, thread_id, message, parent_id=parent_id)
        accepted = await post_message(self.app, post)
        assert accepted.completion_id is not None
        return accepted.completion_id

    async def claim(self, completion_id: UUID, *, lost: bool = False) -> Completion:
        """Take it as a new worker: as a fresh one, or after the last one has left, or has died."""
        if not lost:
            self._left.add(completion_id)
        completion = await self.try_to_claim(completion_id, lost=lost)
        self._left.discard(completion_id)
        assert completion is not None
        return completion

    async def try_to_claim(self, completion_id: UUID, *, lost: bool = False) -> Completion | None:
        """As any worker would; `lost` tells that the one which holds it has died."""
        started = [
            one.event
            for one in self.log.stream(completion_id)
            if isinstance(one.event, CompletionStarted)
        ]
        dead = {started[-1].worker_id} if lost else set[UUID]()
        return await self.claims().claim(completion_id, dead=dead)

    def claims(self) -> Claims:
        """Of a worker of its own."""

        async def is_unclaimed(completion_id: UUID) -> bool:
            return completion_id in self._left

        return Claims(self.log, turns=self.turns, worker_id=uuid7(), is_unclaimed=is_unclaimed)

    async def begin(self, text: str = "Hello", *, thread_id: UUID | None = None) -> "Running":
        """Ask, claim, start."""
        completion = await self.claim(await self.ask(text, thread_id=thread_id))
        return Running(self, completion, run=self.engine.start(completion))

    async def answer(self, text: str = "Hello", *, thread_id: UUID | None = None) -> "Running":
        """Ask, claim, and run to the end."""
        running = await self.begin(text, thread_id=thread_id)
        await running.run.finished()
        return running

    async def history(self, thread_id: UUID, message_id: UUID) -> History:
        """What a model would be told before that message."""
        thread = await self.threads.get(thread_id)
        events = await self.log.read_thread(thread_id)
        but = completion_of(thread_id, message_id=message_id)
        return history_of(thread, events, message_id=message_id, but=but)


class Running:
    """A run and what its stream says of it."""

    def __init__(self, house: House, completion: Completion, *, run: Run) -> None:
        self.house = house
        self.completion = completion
        self.run = run

    @property
    def thread_id(self) -> UUID:
        return self.completion.thread_id

    @property
    def events(self) -> Sequence[Event]:
        return [one.event for one in self.house.log.stream(self.completion.id)]

    @property
    def names(self) -> list[str]:
        """Without chunks; `completion.` left out."""
        names = [BY_TYPE[type(event)].name for event in self.events]
        return [n.removeprefix("completion.") for n in names if n != "completion.chunk"]

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def ended(self) -> Ended:
        """The terminal event: the last one and the only one."""
        endings = [event for event in self.events if BY_TYPE[type(event)].terminal]
        assert len(endings) == 1
        assert endings[0] is self.events[-1]
        return cast("Ended", endings[0])

    @property
    def said(self) -> Answer:
        return self.ended.answer

    def text(self, kind: str = "text") -> str:
        """The committed characters."""
        return "".join(chunk.text for chunk in self.of(Chunk) if chunk.kind == kind)

    async def end(self) -> Ending:
        return await asyncio.wait_for(self.run.finished(), 20)


async def until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Wait for a condition that other tasks bring about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (a condition, not a signal)
            await asyncio.sleep(0.001)
