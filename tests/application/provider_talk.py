"""A conversation with a provider over HTTP, and the proof of all that the provider was sent."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, cast

from pydantic_ai import ApprovalRequired, RunContext

from application.agents import AgentDeps, AgentSpec
from application.commands.approvals import AnswerApproval, answer_approval
from application.commands.messages import NewMessage, PostMessage, post_message
from application.evidence import Evidence, evidence_of
from application.model_retries import ModelRetries
from application.models import resolve_model
from application.tools import tool
from domain.catalogue import Event
from domain.completion_events import (
    CancelRequested,
    CompletionRequested,
    CompletionWaiting,
    ToolCalled,
    ToolReturned,
)
from domain.content import TextPart
from domain.execution_events import ExecutionEvent, ExecutionFinished
from domain.ids import uuid7
from tests.application.handed_over import hand_over
from tests.application.house import NO_RETRIES, House, Running, until
from tests.model_server import Exchange, ModelServer, ask, without_provider
from tests.model_server.client import MODELS

# One takes what the system says in the middle of a conversation as words of its own.
TALKS = {**MODELS, "anthropic, system role": "anthropic:claude-opus-5"}
LONG = "ü" * 20_000


class Talk:
    """One user, one thread, workers that are lost; tools that hang in their first run for `slow`.

    The answers are made by the scripts in the questions: see tests/model_server/script.py.
    """

    def __init__(
        self, server: ModelServer, name: str, *, model_retries: ModelRetries = NO_RETRIES
    ) -> None:
        self.server = server
        self.name = name
        self.runs: list[str] = []
        self.hanging = asyncio.Event()
        self.release = asyncio.Event()
        self._before = len(server.exchanges)
        model = resolve_model(TALKS[name])
        self.house = House(
            model, spec=self._spec(), keep_requests=True, model_retries=model_retries
        )

    def _spec(self) -> AgentSpec:
        @tool(effect="none")
        async def look(q: str) -> str:
            """Look something up."""
            return await self._work(f"look {q}")

        @tool
        async def write(q: str) -> str:
            return await self._work(f"write {q}")

        @tool(effect="none")
        async def read() -> str:
            return LONG

        @tool(requires_approval=True)
        async def pay(q: str) -> str:
            return await self._work(f"pay {q}")

        @tool
        async def order(ctx: RunContext[AgentDeps], q: str) -> str:
            if not ctx.tool_call_approved:
                raise ApprovalRequired
            return await self._work(f"order {q}")

        return AgentSpec(
            model=TALKS[self.name],
            system_prompt_builder=_prompt,
            tools=[look, write, read, pay, order],
            settings={"max_tokens": 5000, "thinking": "low"},
        )

    async def _work(self, what: str) -> str:
        self.runs.append(what)
        if what.endswith("slow") and self.runs.count(what) == 1:
            self.hanging.set()
            await self.release.wait()
        return f"did {what.partition(' ')[2]}"

    # What happens

    async def begin(self, text: str = "one", /, **script: Any) -> Running:
        return await self.house.begin(self.question(text, **script))

    async def begin_in(self, running: Running, text: str, /, **script: Any) -> Running:
        """The next question in the same thread."""
        question = self.question(text, **script)
        return await self.house.begin(question, thread_id=running.thread_id)

    def question(self, text: str, **script: Any) -> str:
        """One that nobody else has asked of the server: some faults are counted by question."""
        return ask(f"{text} {self.house.user.user_id}", **script)

    async def ends(self, running: Running, ending: str = "finished") -> Running:
        assert await running.end() == ending
        return running

    async def cancel(self, running: Running) -> Running:
        self.house.log.stranger(running.completion.id, CancelRequested())
        await running.run.look()
        return await self.ends(running, "cancelled")

    async def lose(self, running: Running) -> Running:
        """The next attempt; the one before says no more."""
        async with asyncio.timeout(10):
            while (claimed := await self.take_over(running)) is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
        await running.run.look()
        await self.ends(running, "fenced")
        return self.start(running, claimed)

    async def take_over(self, running: Running) -> Any:
        """As another worker; None where it has ended, or the one before has just said more."""
        return await self.house.try_to_claim(running.completion.id, lost=True)

    def start(self, running: Running, claimed: Any) -> Running:
        return Running(self.house, claimed, run=self.house.engine.start(claimed))

    async def approve(self, running: Running, **answers: bool) -> Running:
        """Answer the calls by their argument, all that is open; then any worker goes on."""
        for call, what in called(running).items():
            if what in answers and what in self.open(running):
                command = AnswerApproval(
                    self.house.user, running.completion.id, call, answers[what], "As I say."
                )
                await answer_approval(self.house.app, command)
        return self.start(running, await self.house.claim(running.completion.id))

    def open(self, running: Running) -> set[str]:
        """What waits for a person, by argument."""
        calls = called(running)
        return {calls[one] for one in running.of(CompletionWaiting)[-1].tool_call_ids}

    async def steer(self, running: Running, text: str = "rather two", /, **script: Any) -> None:
        message = NewMessage(uuid7(), (TextPart(self.question(text, **script)),))
        post = PostMessage(self.house.user, running.thread_id, message, when_busy="steer")
        await post_message(self.house.app, post)

    async def bring(
        self, running: Running, result: str | ExecutionEvent, *, continues: bool = True
    ) -> None:
        """A background tool of the thread ends."""
        execution = await hand_over(self.house, running.thread_id, continues=continues)
        ending = ExecutionFinished({"value": result}, result) if isinstance(result, str) else result
        await self.house.app.turns.end_tool(execution, events=[ending], actor="system")

    async def follow_up(self, running: Running) -> Running:
        """What the thread has begun by itself, to its end."""
        thread = await self.house.threads.get(running.thread_id)
        assert thread.turn is not None
        claimed = await self.house.claim(thread.turn.completion_id)
        return await self.ends(self.start(running, claimed))

    async def goes_on(self, running: Running) -> Running:
        """The next question is answered."""
        self.release.set()
        await until(lambda: all(one.end != "open" for one in self.exchanges))
        question = ask("And now?", words=2, reasoning=1)
        following = await self.house.answer(question, thread_id=running.thread_id)
        assert following.said.text == "w0 w1 "
        return following

    def at(self, running: Running, kind: type[Event], act: Any, *, times: int = 1) -> None:
        """Act in the moment in which so many events of a kind are in the log."""

        def committed(recorded: Any) -> None:
            new = any(isinstance(one.event, kind) for one in recorded)
            if new and len(running.of(kind)) >= times:
                self.house.log.on_commit = None
                act()

        self.house.log.on_commit = committed

    # What was sent

    @property
    def exchanges(self) -> list[Exchange]:
        return self.server.exchanges[self._before :]

    async def prove(self, *, requests: int, never_sent: int = 0) -> None:
        """Each request is valid, and is written again from the log alone, byte for byte."""
        assert [one.complaints for one in self.exchanges] == [[]] * requests
        found = await self._evidence()
        assert [one.why_not for one in found] == [""] * (requests + never_sent)
        assert all(one.equal and one.other_sdk is None for one in found)
        written = iter(found)
        assert all(any(one.body == sent.body for one in written) for sent in self.exchanges)
        for one in found:
            assert one.asked.body_sha256 is not None
            kept = await self.house.blobs.get(self.house.user.user_id, one.asked.body_sha256)
            assert kept == one.body
        self._assert_said_by_the_provider()

    async def _evidence(self) -> list[Evidence]:
        completions = {
            one.stream_id: None
            for one in self.house.log.events
            if isinstance(one.event, CompletionRequested)
        }
        with without_provider():  # as an auditor's machine is
            found = [
                one
                for completion in completions
                for one in await evidence_of(self.house.log, self.house.blobs, completion)
            ]
        return sorted(found, key=lambda one: one.position)

    def _assert_said_by_the_provider(self) -> None:
        """What is sent under an id was said, to its end, under that id: else it is not kept."""
        whole = {one.number for one in self.exchanges if one.counted}
        for exchange in self.exchanges:
            for name in ids(exchange.json):
                assert int(name.split("_")[1]) in whole, name


async def _prompt(ctx: RunContext[AgentDeps]) -> str:
    """Another one for each completion."""
    return f"You speak ☃. This is {ctx.deps.completion_id}.\n\nBe kind."


def called(running: Running) -> dict[str, str]:
    """The argument of each call, by its id."""
    return {one.tool_call_id: str(one.arguments.get("q")) for one in running.of(ToolCalled)}


def outcomes(running: Running) -> dict[str, str]:
    """How each call ended, by its argument."""
    calls = called(running)
    return {calls[one.tool_call_id]: one.outcome for one in running.of(ToolReturned)}


def ids(value: Any) -> Iterator[str]:
    """The ids of items and calls that the provider has given."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from ids(one)
    elif isinstance(value, dict):
        for name, one in cast("dict[str, Any]", value).items():
            if name in ("id", "call_id", "tool_call_id", "tool_use_id"):
                yield str(one)
            elif name != "tools":
                yield from ids(one)


def texts(exchange: Exchange) -> str:
    """All of a request's body, readable."""
    return json.dumps(exchange.json, ensure_ascii=False)
