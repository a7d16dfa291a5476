"""The pump: the one task that touches pydantic-ai while an answer is made."""

from dataclasses import dataclass
from typing import Any

from pydantic_ai import (
    Agent,
    AgentRun,
    CallToolsNode,
    CancellationToken,
    DeferredToolRequests,
    ModelRequestNode,
    UsageLimits,
    UserError,
)
from pydantic_ai.messages import (
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    ModelMessage,
    PartDeltaEvent,
    PartStartEvent,
)
from pydantic_ai.models import Model

from application.agents import AgentDeps
from application.answer_limit import AnswerTooLong
from application.inbox import Inbox
from application.journal import Journal
from application.model_errors import AnswerEndedEarly, ended_early
from application.models import REQUEST_HOOK
from application.recorder import Recorder
from application.resumption import Resumption
from application.speech import Speech
from application.stop import JournalStopped, Stop
from application.storable import storable
from application.witness import Witness


@dataclass(frozen=True)
class Question:
    """All that a run of the model begins with."""

    agent: Agent[AgentDeps, Any]
    model: Model
    prompt: str  # empty: nobody has asked, the inbox has what there is to answer
    history: list[ModelMessage]
    resumption: Resumption  # its messages stand at the history's end
    deps: AgentDeps
    run_id: str
    request_limit: int


class Pump:
    """Drives one run to its end, or to where a person must decide: then `deferred` names the calls.

    It waits for the log only where something must be durable first, and where it is too far ahead.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        recorder: Recorder,
        witness: Witness,
        inbox: Inbox,
        token: CancellationToken,
        answer_characters: int,
    ) -> None:
        self._journal = journal
        self._recorder = recorder
        self._witness = witness
        self._inbox = inbox
        self._token = token
        self._leaving = False
        self._speech = Speech(journal, recorder, most_characters=answer_characters)
        self.messages: list[ModelMessage] = []  # of this run, when it has ended
        self.deferred: tuple[str, ...] = ()
        self.in_tools = False  # do tools run at the moment?

    def leave_after_tools(self) -> None:
        """Raise JournalStopped before the next request to the model."""
        self._leaving = True

    async def drive(self, question: Question) -> None:
        """Raises RunCancelled after the token's `cancel`, and whatever ends a run."""
        REQUEST_HOOK.set(self._witness.sending)
        begun: list[AgentRun[AgentDeps, Any]] = []
        try:
            deferred = question.resumption.deferred
            async with question.agent.iter(
                None if deferred else question.prompt,
                model=question.model,
                message_history=question.history,
                deferred_tool_results=deferred,
                deps=question.deps,
                run_id=question.run_id,
                conversation_id=str(question.deps.thread_id),
                cancellation_token=self._token,
                usage_limits=UsageLimits(request_limit=question.request_limit),
                capabilities=[self._witness],
                infer_name=False,
            ) as run:
                begun.append(run)
                await self._follow(run, question)
                self.deferred = _deferred(run)
        finally:
            self.messages = [m for run in begun for m in self._recorder.own(run.all_messages())]

    async def _follow(self, run: AgentRun[AgentDeps, Any], question: Question) -> None:
        """Each stream to its end, always: leaving one early makes pydantic-ai go on without us."""
        resumption = question.resumption
        first = True
        async for node in run:
            if Agent.is_model_request_node(node):
                await self._take_in(node, question if first else None)
                first = False
                await self._listen(run, node)
            elif Agent.is_call_tools_node(node):
                await self._call_tools(run, node, resumption)
                resumption = Resumption()  # it speaks of one response

    async def _take_in(
        self, node: ModelRequestNode[AgentDeps, Any], beginning: Question | None
    ) -> None:
        """Add to the request what has come: around the prompt, else after the tools' results."""
        if self._leaving:
            await self._journal.durable()
            self._journal.stop(Stop.HANDED_OVER)
            raise JournalStopped
        told = await self._inbox.take()
        parts = list(node.request.parts)
        if beginning is not None and beginning.resumption.messages:
            parts = beginning.resumption.restored(parts)
        elif beginning is not None:
            prompt = parts if beginning.prompt else []
            node.request.parts = [*told.results, *prompt, *told.messages]
            return
        node.request.parts = [*parts, *told.results, *told.messages]

    async def _listen(
        self, run: AgentRun[AgentDeps, Any], node: ModelRequestNode[AgentDeps, Any]
    ) -> None:
        async with node.stream(run.ctx) as stream:
            async for event in stream:
                if isinstance(event, PartDeltaEvent):
                    self._speech.go_on(event)
                elif isinstance(event, PartStartEvent):
                    self._speech.start(event)
                if self._speech.too_long:
                    raise AnswerTooLong
                if self._journal.full:
                    await self._journal.room()

    async def _call_tools(
        self,
        run: AgentRun[AgentDeps, Any],
        node: CallToolsNode[AgentDeps, Any],
        resumption: Resumption,
    ) -> None:
        """What an earlier attempt has recorded of these calls is not recorded again."""
        if not resumption.messages and ended_early(node.model_response):
            raise AnswerEndedEarly
        known = resumption.results
        self.in_tools = True
        async with node.stream(run.ctx) as results:
            async for event in results:
                if isinstance(event, FunctionToolCallEvent):
                    call = storable(event.part.tool_call_id)
                    if call not in known and call not in resumption.denied:
                        self._witness.called(event, run.all_messages())
                elif (
                    isinstance(event, FunctionToolResultEvent)
                    and storable(event.part.tool_call_id) not in known
                ):
                    await self._witness.returned(event)
        self.in_tools = False


def _deferred(run: AgentRun[AgentDeps, Any]) -> tuple[str, ...]:
    """The calls that a person must approve. Raises UserError for what nobody will ever answer."""
    output = run.result.output if run.result else None
    if not isinstance(output, DeferredToolRequests):
        return ()
    if output.calls:
        raise UserError("A tool raised CallDeferred: declare a background tool instead.")
    return tuple(storable(call.tool_call_id) for call in output.approvals)
