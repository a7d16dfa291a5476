"""The pump: the one task that touches pydantic-ai while an answer is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_ai import Agent, AgentRun, CancellationToken, UsageLimits
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import Model
from pydantic_core import to_json

from application.agents import AgentDeps
from application.answer_limit import AnswerLength, AnswerTooLong
from application.journal import Journal
from application.model_errors import AnswerEndedEarly, ended_early
from application.models import REQUEST_HOOK
from application.recorder import Recorder
from application.storable import storable
from application.witness import Witness
from domain.completion_events import ChunkKind


@dataclass(frozen=True)
class Question:
    """All that a run of the model begins with."""

    agent: Agent[AgentDeps, str]
    model: Model
    prompt: str
    history: list[ModelMessage]
    deps: AgentDeps
    run_id: str
    request_limit: int
    answer_characters: int  # before the run fails with AnswerTooLong


class Pump:
    """Drives one run to its end. It waits for the log only where something must be durable first,
    and where it is too far ahead."""

    def __init__(
        self,
        journal: Journal,
        *,
        recorder: Recorder,
        witness: Witness,
        token: CancellationToken,
    ) -> None:
        self._journal = journal
        self._recorder = recorder
        self._witness = witness
        self._token = token
        self._length = AnswerLength(0)
        self._calls: dict[int, str] = {}  # part of the present response -> its id
        self.messages: list[ModelMessage] = []  # of this run, when it has ended

    async def drive(self, question: Question) -> None:
        """Raises RunCancelled after the token's `cancel`, and whatever ends a run."""
        REQUEST_HOOK.set(self._witness.sending)
        begun: list[AgentRun[AgentDeps, Any]] = []
        try:
            async with question.agent.iter(
                question.prompt,
                model=question.model,
                message_history=question.history,
                deps=question.deps,
                run_id=question.run_id,
                conversation_id=str(question.deps.thread_id),
                cancellation_token=self._token,
                usage_limits=UsageLimits(request_limit=question.request_limit),
                capabilities=[self._witness],
                infer_name=False,
            ) as run:
                begun.append(run)
                self._length = AnswerLength(question.answer_characters)
                await self._follow(run)
        finally:
            self.messages = [m for run in begun for m in self._recorder.own(run.all_messages())]

    async def _follow(self, run: AgentRun[AgentDeps, Any]) -> None:
        """Each stream to its end, always: leaving one early makes pydantic-ai go on without us."""
        async for node in run:
            if Agent.is_model_request_node(node):
                async with node.stream(run.ctx) as stream:
                    async for event in stream:
                        if isinstance(event, PartDeltaEvent):
                            self._delta(event)
                        elif isinstance(event, PartStartEvent):
                            self._start(event)
                        if self._length.exceeded:
                            raise AnswerTooLong
                        if self._journal.full:
                            await self._journal.room()
            elif Agent.is_call_tools_node(node):
                if ended_early(node.model_response):
                    raise AnswerEndedEarly
                async with node.stream(run.ctx) as results:
                    async for event in results:
                        if isinstance(event, FunctionToolCallEvent):
                            self._witness.called(event, run.all_messages())
                        elif isinstance(event, FunctionToolResultEvent):
                            await self._witness.returned(event)

    def _start(self, event: PartStartEvent) -> None:
        match event.part:
            case TextPart(content=text):
                self._say(text, event.index, kind="text")
            case ThinkingPart(content=text):
                self._say(text, event.index, kind="reasoning")
            case ToolCallPart(args=arguments, tool_call_id=call, tool_name=name):
                self._calls[event.index] = storable(call)
                self._length.fitting(name)
                self._argue(arguments, event.index)
            case _:
                pass

    def _delta(self, event: PartDeltaEvent) -> None:
        match event.delta:
            case TextPartDelta(content_delta=text):
                self._say(text, event.index, kind="text")
            case ThinkingPartDelta(content_delta=text):
                if text:
                    self._say(text, event.index, kind="reasoning")
            case ToolCallPartDelta(args_delta=arguments, tool_call_id=call):
                if call is not None:
                    self._calls[event.index] = storable(call)
                self._argue(arguments, event.index)
            case _:
                pass

    def _argue(self, arguments: str | Mapping[str, Any] | None, part: int) -> None:
        if arguments:
            text = arguments if isinstance(arguments, str) else to_json(arguments).decode()
            self._say(text, part, kind="tool_arguments")

    def _say(self, text: str, part: int, *, kind: ChunkKind) -> None:
        self._journal.chunk(
            self._length.fitting(text),
            step=self._recorder.step,
            part=part,
            kind=kind,
            tool_call_id=self._calls.get(part) if kind == "tool_arguments" else None,
        )
