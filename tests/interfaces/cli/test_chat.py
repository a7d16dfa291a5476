"""`threadlog chat` beyond an answer: background tools, answers that follow, approvals."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import httpx2
import pytest

from interfaces.cli.chat import Conversation
from interfaces.cli.chat_terminal import question_about
from interfaces.cli.client import Client, Json, StreamEvent

ANSWER = {"answer": {"text": ""}}


class Scripted(Client):
    """The API as far as a conversation needs it: it tells these events, then nothing more."""

    def __init__(self, *events: Json, active: Sequence[str | None] = ()) -> None:
        super().__init__(httpx2.AsyncClient(verify=False))
        self.calls: list[tuple[str, str, Any]] = []
        self.told = asyncio.Event()
        self._events = events
        self._active = list(active)

    async def call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Json:
        self.calls.append((method, path, body))
        if method == "GET":
            return {"active_completion_id": self._active.pop(0)}
        return {"thread_id": "t", "completion_id": "c1", "position": 1}

    async def follow(
        self, path: str, *, after: int | str, query: Mapping[str, str] | None = None
    ) -> AsyncGenerator[StreamEvent]:
        assert (path, after) == ("/threads/t/events", 1)
        for position, body in enumerate(self._events, start=2):
            yield StreamEvent({"position": position, **body})
        self.told.set()
        await asyncio.Event().wait()


def of(completion: str, name: str, **data: object) -> Json:
    return {"completion_id": completion, "name": f"completion.{name}", "data": data}


def said(completion: str, text: str) -> Json:
    return of(completion, "chunk", kind="text", text=text)


def tool(name: str, **data: object) -> Json:
    return {"execution_id": "e", "name": f"tool.{name}", "data": data}


def thread(name: str, **data: object) -> Json:
    return {"name": f"thread.{name}", "data": data}


DISPATCHED = (
    of("c1", "tool_called", tool_call_id="x", tool="study", arguments={}),
    of("c1", "tool_dispatched", execution_id="e", tool="study"),
)
ENDED = (of("c1", "finished", **ANSWER), thread("turn_ended"))


async def ask(client: Client) -> str:
    conversation = Conversation(client, thread=None, agent=None)
    return await asyncio.wait_for(conversation.ask("Study!"), 10)


async def test_a_background_tool_s_progress_and_the_answer_that_follows_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = Scripted(
        *DISPATCHED,
        said("c1", "It runs."),
        *ENDED,
        tool("progressed", fraction=0.25, message="Counting"),
        tool("progressed", fraction=0.27, message="Counting"),
        tool("progressed", fraction=0.5, message=None),
        thread("result_arrived", execution_id="e"),
        thread("completion_requested", completion_id="c2"),
        said("c2", "It is 42."),
        of("c2", "failed", message="Too much."),
        thread("turn_ended"),
        active=["c2", None],
    )
    assert await ask(client) == "completion.failed"
    assert capsys.readouterr().out == (
        "[study …]\nIt runs.\n"
        "[study 20 % Counting]\n[study 50 %]\n[study has ended]\n"
        "It is 42.\n[failed: Too much.]\n"
    )


async def test_a_result_that_comes_in_the_last_words_is_followed_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = Scripted(
        *DISPATCHED,
        thread("result_arrived", execution_id="e"),
        said("c1", "It runs."),
        *ENDED,
        thread("completion_requested", completion_id="c2"),
        said("c2", "It is 42."),
        of("c2", "finished", **ANSWER),
        thread("turn_ended"),
        active=["c1", "c2", "c2", None],
    )
    assert await ask(client) == "completion.finished"
    assert capsys.readouterr().out.endswith("It runs.\nIt is 42.\n")


async def test_nobody_waits_for_a_result_from_outside() -> None:
    client = Scripted(*DISPATCHED, tool("awaited"), *ENDED, active=[None])
    assert await ask(client) == "completion.finished"


async def test_other_people_s_answers_in_the_thread_are_not_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = said("c0", "Before."), of("c0", "finished", **ANSWER)
    client = Scripted(*other, tool("progressed", fraction=1), said("c1", "Mine."), *ENDED)
    assert await ask(client) == "completion.finished"
    assert capsys.readouterr().out == "Mine.\n"


async def test_ctrl_c_waits_no_longer_for_a_background_tool_and_leaves_it_running(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = Scripted(*DISPATCHED, said("c1", "It runs."), *ENDED)
    conversation = Conversation(client, thread=None, agent=None)
    asking = asyncio.create_task(conversation.ask("Study!"))
    await asyncio.wait_for(client.told.wait(), 10)
    conversation.stop()
    assert await asyncio.wait_for(asking, 10) == "completion.finished"
    assert [method for method, *_ in client.calls] == ["POST"]
    assert "it goes on in the background" in capsys.readouterr().out


async def test_without_a_terminal_an_approval_is_left_to_somebody_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = Scripted(*DISPATCHED, of("c1", "waiting", tool_call_ids=["x"]))
    assert await ask(client) == "completion.waiting"
    assert "POST /v1/completions/c1/approvals" in capsys.readouterr().out


async def test_a_person_is_asked_about_one_tool_after_the_other() -> None:
    client = Scripted(
        *(of("c1", "tool_called", tool_call_id=one, tool=one, arguments={}) for one in ("a", "b")),
        of("c1", "waiting", tool_call_ids=["a", "b"]),
        of("c1", "approval_answered", tool_call_id="a"),
        of("c1", "waiting", tool_call_ids=["b"]),
        of("c1", "approval_answered", tool_call_id="b"),
        *ENDED,
    )
    asked: list[str] = []

    async def person(question: str) -> bool:
        asked.append(question)
        return question.startswith("May a ")

    conversation = Conversation(client, thread=None, agent=None, person=person)
    assert await asyncio.wait_for(conversation.ask("Pay!"), 10) == "completion.finished"
    assert asked == ["May a run with {}? [y/n] ", "May b run with {}? [y/n] "]
    assert client.calls[1:] == [
        ("POST", "/completions/c1/approvals", {"tool_call_id": one, "approved": approved})
        for one, approved in (("a", True), ("b", False))
    ]


def test_a_person_sees_what_they_approve_in_one_harmless_line() -> None:
    call = {"tool": "pay", "arguments": {"to": "Ann\n\x1b[2J", "all": "x" * 500}}
    question = question_about(call)
    assert question.startswith('May pay run with {"to": "Ann')
    assert "\x1b" not in question
    assert "\n" not in question
    assert len(question) < 400
