"""The demo model is pleasant company: it explains, obeys, remembers, and never needs a key."""

import asyncio
import time
from typing import Literal

import pytest
from pydantic_ai import ModelRetry, ToolFailed, ToolReturn
from pydantic_ai.exceptions import ModelAPIError, RunCancelled
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from application.model_errors import classify
from interfaces.agents.demo_model import demo_model
from interfaces.agents.demo_words import essay
from tests.model_server.client import Run, run


def clock() -> str:
    """The time of day."""
    return "half past three"


def send_email(to: str, copies: int, urgent: bool = False) -> ToolReturn[str]:
    """Sends an email, in the background."""
    return ToolReturn(f"{to} {copies} {urgent}", metadata={"status": "pending"})


def broken() -> str:
    raise ToolFailed("no network today")


def picky(number: int) -> str:
    raise ModelRetry(f"{number} is no good")


def get_stats() -> dict[str, object]:
    """What there is."""
    return {"threads": 3, "tool_runs": {"completed": 2}, "failed": {}}


def run_analysis(kind: Literal["user_activity", "tool_usage"], days: int = 7) -> str:
    """Looks at the past."""
    return f"{kind} of {days} days"


TOOLS = [clock, send_email, broken, picky, get_stats, run_analysis]


async def say(prompt: str | None, history: list[ModelMessage] | None = None) -> Run:
    return await run(demo_model(), prompt, history=history, tools=TOOLS)


def talk(*said: str) -> list[ModelMessage]:
    """A history in which the person said this, each time answered with `Yes.`"""
    history = list[ModelMessage]()
    for text in said:
        history.append(ModelRequest(parts=[UserPromptPart(text)]))
        history.append(ModelResponse(parts=[TextPart("Yes.")]))
    return history


def tool_call(ran: Run) -> ToolCallPart:
    calls = [part for message in ran.messages for part in message.parts]
    return next(part for part in calls if isinstance(part, ToolCallPart))


async def test_it_greets_and_says_what_to_try_next() -> None:
    ran = await say("Hello, quickly please")
    assert ran.output.startswith("Hello! I am the demo model of Threadlog.")
    for hint in ("Cancel", "Resume", "Replay", "write 300 words slowly", "use the tool clock"):
        assert hint in ran.output


async def test_it_speaks_at_the_pace_of_a_person() -> None:
    began = time.monotonic()
    ran = await say("Write 30 words")
    seconds = time.monotonic() - began
    assert len(ran.output.split()) == 30
    assert 0.9 < seconds < 5
    texts = [event for event in ran.events if isinstance(event, PartStartEvent | PartDeltaEvent)]
    assert len(texts) == 30


async def test_slow_is_slower_and_quick_is_quicker() -> None:
    async def seconds_of(prompt: str) -> float:
        began = time.monotonic()
        await say(prompt)
        return time.monotonic() - began

    slow, quick = await asyncio.gather(
        seconds_of("Write 8 words slowly"), seconds_of("Quickly write 8 words")
    )
    assert slow > 1.2
    assert quick < slow / 2


@pytest.mark.parametrize("words", [1, 57])
async def test_it_writes_exactly_as_many_words_as_asked(words: int) -> None:
    assert len((await say(f"Write {words} words fast")).output.split()) == words


def test_an_essay_has_any_length() -> None:
    assert [len(essay(words).split()) for words in (1, 12, 300, 5_000)] == [1, 12, 300, 5_000]


async def test_it_thinks_first_when_asked() -> None:
    ran = await say("Think first, quickly: what did I say before?")
    thought, said = ran.response.parts
    assert isinstance(thought, ThinkingPart)
    assert isinstance(said, TextPart)
    assert len(thought.content.split()) > 10
    started = [event.part for event in ran.events if isinstance(event, PartStartEvent)]
    assert isinstance(started[0], ThinkingPart)


async def test_a_clock_is_asked_for_the_time() -> None:
    ran = await say("Quickly: what time is it?")
    assert tool_call(ran).tool_name == "clock"
    assert ran.output == "clock says: half past three"


async def test_arguments_of_a_tool_come_from_the_message() -> None:
    ran = await say('Quickly use the tool send email, to "bob", 3 times')
    assert tool_call(ran).args_as_dict() == {"to": "bob", "copies": 3}
    assert "send_email is running in the background" in ran.output
    assert "by myself" in ran.output
    ran = await say('Quickly use send_email {"to": "eve", "copies": 2, "urgent": true}')
    assert tool_call(ran).args_as_dict() == {"to": "eve", "copies": 2, "urgent": True}


async def test_a_tool_that_fails_is_told_and_not_called_again() -> None:
    ran = await say("Quickly use the tool broken")
    assert ran.output == "broken did not work: no network today"
    assert ran.usage.requests == 2


async def test_a_tool_that_wants_other_arguments_is_told_and_not_called_again() -> None:
    ran = await say("Quickly use the tool picky with 7")
    assert ran.output == "picky did not work: 7 is no good"
    assert ran.usage.requests == 2


@pytest.mark.parametrize("asked", ["How many threads do I have?", "Show me some statistics"])
async def test_figures_are_asked_for_in_plain_words_and_told_in_words(asked: str) -> None:
    ran = await say(f"{asked} Quickly")
    told = "get_stats says: threads: 3, tool runs: (completed: 2), failed: none"
    assert ran.output == told


ASKED = {
    "Analyse my activity of the last 30 days": {"kind": "user_activity", "days": 30},
    "Please analyze which tools I use": {"kind": "tool_usage"},
    "I need an analysis": {"kind": "user_activity"},
    "Use the tool run_analysis on my activity": {"kind": "user_activity"},
}


@pytest.mark.parametrize("asked", ASKED)
async def test_an_analysis_is_asked_for_in_plain_words(asked: str) -> None:
    assert tool_call(await say(f"{asked}, quickly")).args_as_dict() == ASKED[asked]


async def test_a_denied_tool_is_told() -> None:
    history = talk("Use send_email, quickly")
    history[-1] = ModelResponse(parts=[ToolCallPart("send_email", "{}", tool_call_id="c")])
    denied = ToolReturnPart("send_email", "No.", tool_call_id="c", outcome="denied")
    history.append(ModelRequest(parts=[denied]))
    ran = await say(None, history)
    assert ran.output == "You did not allow send_email, so I did not use it."


async def test_what_the_person_says_while_a_tool_runs_is_answered_too() -> None:
    history = talk("Use the tool clock, quickly")
    history[-1] = ModelResponse(parts=[ToolCallPart("clock", "{}", tool_call_id="c")])
    returned = ToolReturnPart("clock", "half past three", tool_call_id="c")
    steered = UserPromptPart("Quickly, what did I say before?")
    history.append(ModelRequest(parts=[returned, steered]))
    ran = await say(None, history)
    assert ran.output.startswith("clock says: half past three\n\nBefore this you said one thing")
    history[-1] = ModelRequest(parts=[returned, UserPromptPart("Quickly use get_stats instead")])
    ran = await say(None, history)
    first = ran.messages[len(history)]
    assert isinstance(first, ModelResponse)
    assert first.text == "clock says: half past three\n\nLet me use the tool get_stats. "
    assert ran.output.startswith("get_stats says")


async def test_an_unknown_tool_is_answered_with_those_there_are() -> None:
    assert "clock, send_email, broken, picky" in (await say("Quickly use the tool hammer")).output


async def test_it_remembers_what_was_said() -> None:
    ran = await say("Quickly: what did I say before?", talk("I like tea", "and toast"))
    assert "1. “I like tea”" in ran.output
    assert "2. “and toast”" in ran.output


async def test_it_counts_the_messages() -> None:
    ran = await say("Quickly: how many messages have you seen?", talk("one", "two"))
    assert "5 messages" in ran.output
    assert "3 of yours and 2 of mine" in ran.output


async def test_it_notices_that_it_was_stopped() -> None:
    history = talk("Write 300 words")
    history[-1] = ModelResponse(parts=[TextPart("one two three")], state="interrupted")
    assert "stopped after 3 words" in (await say("And now, quickly?", history)).output


HEADING = "The background tool run_analysis (execution 019) has ended. "
BROUGHT = {
    f"{HEADING}It is completed:\n\nMuch was said.\n\n{{}}": "has come back: Much was said.",
    f'{HEADING}It is completed:\n\n{{"days_left": 3}}': "has come back: days left: 3",
    f"{HEADING}It failed: gone": "has brought no result. It failed: gone",
    f"{HEADING}It was cancelled.": "has brought no result. It was cancelled.",
}


@pytest.mark.parametrize("note", BROUGHT)
async def test_it_tells_what_a_background_tool_brought(note: str) -> None:
    history = talk("Quickly use run_analysis")
    history.append(ModelRequest(parts=[SystemPromptPart(note)]))
    assert (await say(None, history)).output == f"run_analysis {BROUGHT[note]}"


async def test_what_came_meanwhile_is_told_before_the_next_question_is_answered() -> None:
    history = talk("Use run_analysis")
    said = [SystemPromptPart("It rains."), UserPromptPart("Quickly write 3 words")]
    history.append(ModelRequest(parts=said))
    ran = await say(None, history)
    assert ran.output == f"I have been told: It rains.\n\n{essay(3)}"
    assert (await say("Quickly write 2 words", ran.messages)).output == essay(2)


async def test_it_fails_when_asked_to_and_it_is_not_worth_a_retry() -> None:
    with pytest.raises(ModelAPIError) as caught:
        await say("Please fail quickly")
    failure = classify(caught.value)
    assert (failure.type, failure.retryable) == ("rejected", False)


async def test_it_stops_at_once_when_cancelled() -> None:
    began = time.monotonic()
    with pytest.raises(RunCancelled) as caught:
        await run(demo_model(), "Write 300 words slowly", cancel_after_events=4)
    assert time.monotonic() - began < 3
    response = caught.value.response
    assert response.state == "interrupted"
    words = (response.text or "").split()
    assert 2 <= len(words) < 10
    assert words == essay(300).split()[: len(words)]


async def test_the_same_messages_give_the_same_answer_and_usage() -> None:
    first, second = [await say("Quickly tell me about lunch", talk("Hi")) for _ in range(2)]
    assert first.output == second.output
    assert first.usage == second.usage


async def test_usage_grows_with_what_it_reads_and_says() -> None:
    short = await say("Quickly write 5 words")
    long = await say("Quickly write 50 words", talk("x" * 4_000))
    assert 5 <= short.usage.output_tokens < 50 <= long.usage.output_tokens < 90
    assert long.usage.input_tokens - short.usage.input_tokens > 900


@pytest.mark.parametrize("prompt", ["", "   ", "\N{SNOWMAN}", "{", "use the tool", "write 0 words"])
async def test_it_has_an_answer_to_anything(prompt: str) -> None:
    ran = await say(f"{prompt} quick", talk("Hi"))
    assert ran.output
