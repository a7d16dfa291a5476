"""Generated conversations: first what shall be true of them, then the events that tell it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Literal
from uuid import UUID

from domain.catalogue import Event
from domain.completion_events import (
    Answer,
    CancelRequested,
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    CompletionRequested,
    CompletionStarted,
    FailureType,
    MessageRecorded,
    ModelRequested,
    ToolCalled,
    ToolDispatched,
    ToolReturned,
    Usage,
)
from domain.content import TextPart
from domain.execution_events import (
    ExecutionDispatched,
    ExecutionFailed,
    ExecutionFinished,
    ExecutionStarted,
)
from domain.ids import execution_of
from domain.jsonvalue import JsonObject
from domain.recorded import Recorded
from domain.thread_events import (
    MessageAdded,
    MessageDelivered,
    MessageQueued,
    MessageWithdrawn,
    Outcome,
    ThreadCompletionRequested,
    ThreadStarted,
    TurnEnded,
)

MONDAY_MS = 1_794_787_200_000  # 2026-11-16 00:00 UTC, in milliseconds since 1970
DAY_MS = 86_400_000
WORKER = UUID(int=7)
MODELS = (("openai-chat", "gpt-5"), ("anthropic", "claude-sonnet-5"))


@dataclass(frozen=True)
class Call:
    """One tool call of an answer, and where it went on in the background, how that ended."""

    tool: str
    duration_ms: int
    code: str | None  # None: it gave a result
    background: Literal["finished", "failed"] | None = None


@dataclass(frozen=True)
class Turn:
    """A message and its answer, as it shall have been. All lengths of time in milliseconds."""

    id: UUID
    user: UUID
    thread: UUID
    provider: str
    model: str
    asked_at: int  # milliseconds since 1970
    wait: int  # behind another answer
    queue: int
    first_token: int
    thinking: int  # the first request, without tools; the second takes as long
    calls: tuple[Call, ...]
    lost_workers: int
    outcome: Literal["completed", "failed", "cancelled", "withdrawn"]
    error: FailureType | None
    reaction: int  # to the request to cancel
    characters: int
    usage: Usage
    cost: int | None

    @property
    def model_ms(self) -> int:
        """Twice where tools were called in between."""
        return self.thinking * (2 if self.calls else 1)


@dataclass
class Telling:
    """Events in the order in which they are told."""

    events: list[Recorded[Event]] = field(default_factory=list[Recorded[Event]])
    _positions: Iterator[int] = field(default_factory=lambda: count(1))

    def tell(
        self, turn: Turn, stream: UUID, event: Event, *, at: int, actor: str = "system"
    ) -> None:
        """One event, at a millisecond."""
        self.events.append(
            Recorded(
                event,
                stream,
                version=1,
                position=next(self._positions),
                at=at * 1000,
                actor=actor,
                thread_id=turn.thread,
                owner_id=turn.user,
            )
        )


def turns(*, seed: int = 6, threads: int = 16) -> list[Turn]:
    """The same ones for the same seed."""
    dice = Random(seed)
    users = [_id(dice) for _ in range(4)]
    return [
        _turn(dice, user=user, thread=thread)
        for user, thread in [(dice.choice(users), _id(dice)) for _ in range(threads)]
        for _ in range(dice.randint(1, 5))
    ]


def _turn(dice: Random, *, user: UUID, thread: UUID) -> Turn:
    provider, model = dice.choice(MODELS)
    outcome = dice.choices(("completed", "failed", "cancelled", "withdrawn"), (8, 2, 2, 1))[0]
    priced = dice.random() < 0.8
    read = dice.randint(100, 9000)
    usage = Usage(1, read, dice.randint(5, 900), cache_read_tokens=dice.randint(0, read))
    return Turn(
        id=_id(dice),
        user=user,
        thread=thread,
        provider=provider,
        model=model,
        asked_at=MONDAY_MS + dice.randrange(3 * DAY_MS),
        wait=dice.choice((0, 0, dice.randint(1, 9000))) if outcome != "withdrawn" else 500,
        queue=dice.randint(1, 400),
        first_token=dice.randint(80, 3000),
        thinking=dice.randint(3000, 20_000),
        calls=tuple(_call(dice) for _ in range(dice.choice((0, 0, 1, 3)))),
        lost_workers=dice.choice((0, 0, 0, 1)),
        outcome=outcome,
        error=dice.choice(("rate_limited", "overloaded", "timeout"))
        if outcome == "failed"
        else None,
        reaction=dice.randint(1, 1500),
        characters=dice.randint(1, 4000),
        usage=usage,
        cost=dice.randint(100, 90_000) if priced else None,
    )


def _call(dice: Random) -> Call:
    tool = dice.choice(("search", "weather", "report"))
    ms = dice.randint(1, 5000)
    if tool == "report":
        return Call(tool, ms, None, dice.choice(("finished", "failed")))
    return Call(tool, ms, dice.choice((None, None, "not_found")))


def _id(dice: Random) -> UUID:
    return UUID(int=dice.getrandbits(128), version=4)


def events_of(told: Sequence[Turn]) -> list[Recorded[Event]]:
    """All of them as the log would hold them, thread by thread."""
    telling, begun = Telling(), set[UUID]()
    for turn in told:
        if turn.thread not in begun:
            begun.add(turn.thread)
            started = ThreadStarted(turn.user, "assistant", "Secret title", {"secret": "yes"})
            telling.tell(turn, turn.thread, started, at=turn.asked_at)
        _tell_turn(telling, turn)
    return telling.events


def _tell_turn(telling: Telling, turn: Turn) -> None:
    message = execution_of(turn.id, tool_call_id="the message")
    parts = (TextPart("Tell me a secret."),)
    at = turn.asked_at
    if turn.wait:
        queued = MessageQueued(message, turn.id, "enqueue", parts)
        telling.tell(turn, turn.thread, queued, at=at)
        at += turn.wait
        if turn.outcome == "withdrawn":
            telling.tell(turn, turn.thread, MessageWithdrawn(message), at=at)
            return
        telling.tell(turn, turn.thread, MessageDelivered(message, None), at=at)
    else:
        telling.tell(turn, turn.thread, MessageAdded(message, None, parts), at=at)
    asked = ThreadCompletionRequested(turn.id, message)
    telling.tell(turn, turn.thread, asked, at=at)
    telling.tell(turn, turn.id, CompletionRequested(turn.thread, message, "assistant"), at=at)
    at = _tell_answer(telling, turn, at=at + turn.queue)
    ended: dict[str, Outcome] = {"completed": "finished", "failed": "failed"}
    outcome = ended.get(turn.outcome, "cancelled")
    telling.tell(turn, turn.thread, TurnEnded(turn.id, outcome, True, turn.id), at=at)


def _tell_answer(telling: Telling, turn: Turn, *, at: int) -> int:
    began = at
    telling.tell(turn, turn.id, CompletionStarted(1, WORKER), at=at)
    for attempt in range(1, turn.lost_workers + 1):
        _tell_request(telling, turn, attempt=attempt, at=at)  # void, and never answered
        at += 1000
        telling.tell(turn, turn.id, CompletionInterrupted(attempt, 0, "worker_lost"), at=at)
        telling.tell(turn, turn.id, CompletionStarted(attempt + 1, WORKER), at=at)
    attempt = turn.lost_workers + 1
    _tell_request(telling, turn, attempt=attempt, at=at)
    at += turn.thinking
    _tell_response(telling, turn, attempt=attempt, at=at)
    if turn.calls:
        at = _tell_calls(telling, turn, attempt=attempt, at=at)
        _tell_request(telling, turn, attempt=attempt, at=at)
        at += turn.thinking
        _tell_response(telling, turn, attempt=attempt, at=at)
    said = Answer(
        "", turn.characters, "", turn.usage, turn.model, turn.cost, turn.first_token, at - began
    )
    if turn.outcome == "cancelled":
        user = f"user:{turn.user}"
        telling.tell(turn, turn.id, CancelRequested("A secret reason"), at=at, actor=user)
        at += turn.reaction
    telling.tell(turn, turn.id, _ending(turn, said, attempt=attempt), at=at)
    return at


def _ending(turn: Turn, said: Answer, *, attempt: int) -> Event:
    if turn.outcome == "completed":
        return CompletionFinished(attempt, said)
    if turn.outcome == "cancelled":
        return CompletionCancelled(attempt, said, "A secret reason")
    assert turn.error is not None
    return CompletionFailed(attempt, turn.error, "Secret trouble.", said, True, 503)


def _tell_request(telling: Telling, turn: Turn, *, attempt: int, at: int) -> None:
    named = f"{turn.provider}:{turn.model}"
    asked = ModelRequested(attempt, 1, turn.model, {}, None, None, (), "sdk", named=named)
    telling.tell(turn, turn.id, asked, at=at)


def _tell_response(telling: Telling, turn: Turn, *, attempt: int, at: int) -> None:
    part: JsonObject = {"part_kind": "text", "content": "A secret."}
    said = MessageRecorded(attempt, 1, {"kind": "response", "parts": [part]})
    telling.tell(turn, turn.id, said, at=at)


def _tell_calls(telling: Telling, turn: Turn, *, attempt: int, at: int) -> int:
    """All at once; the answer goes on when the last one has returned."""
    for number, call in enumerate(turn.calls):
        called = ToolCalled(attempt, 1, f"c{number}", call.tool, {"secret": "x"})
        telling.tell(turn, turn.id, called, at=at)
        if call.background:
            _tell_background(telling, turn, f"c{number}", call, at=at)
        outcome = "pending" if call.background else "error" if call.code else "completed"
        returned = ToolReturned(f"c{number}", call.tool, outcome, "Secret.", code=call.code)
        telling.tell(turn, turn.id, returned, at=at + call.duration_ms)
    return at + max(call.duration_ms for call in turn.calls)


def _tell_background(telling: Telling, turn: Turn, call_id: str, call: Call, *, at: int) -> None:
    execution = execution_of(turn.id, tool_call_id=call_id)
    dispatched = ToolDispatched(call_id, execution, call.tool, {})
    telling.tell(turn, turn.id, dispatched, at=at)
    began = ExecutionDispatched(turn.id, call_id, call.tool, "task", {})
    telling.tell(turn, execution, began, at=at)
    telling.tell(turn, execution, ExecutionStarted(1, WORKER), at=at + 20)
    if call.background == "finished":
        telling.tell(turn, execution, ExecutionFinished({"secret": 1}), at=at + 9000)
    else:
        telling.tell(turn, execution, ExecutionFailed("not_found", "Secret."), at=at + 9000)
