"""What the demo model answers, which follows from the conversation alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from domain.jsonvalue import JsonObject
from interfaces.agents.demo_arguments import arguments_for
from interfaces.agents.demo_words import HINTS, TOPICS, WELCOME, essay

HUMAN, SLOW, QUICK = 25.0, 5.0, 120.0
LONGEST_WORDS = 5_000


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    parameters: JsonObject
    """JSON schema."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    tool: str
    text: str
    outcome: Literal["success", "failed", "denied", "interrupted", "retried"]
    pending: bool = False
    """The tool runs in the background and has only been started."""


@dataclass(frozen=True, slots=True)
class Conversation:
    said: tuple[str, ...]
    """The person's messages, oldest first; the last one is to be answered."""
    messages: int
    """The person's messages and the answers before this one."""
    stopped_after_words: int | None = None
    """How long the answer before this one was when it was stopped; None when it was not."""
    results: tuple[ToolResult, ...] = ()
    """Of the tools that this answer has called."""
    note: str = ""
    """What the system told the model after the person's last message."""


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    thoughts: str = ""
    """Streamed before the text."""
    call: tuple[str, JsonObject] | None = None
    """A tool to call after the text, and its arguments."""
    fails: bool = False
    """Whether the model breaks off after the text, with an error."""
    words_per_second: float = HUMAN


def answer(conversation: Conversation, tools: Sequence[Tool]) -> Answer:
    """The same conversation and tools always give the same answer."""
    text = conversation.said[-1] if conversation.said else ""
    pace = _pace(text)
    if conversation.note:
        return Answer(f"I have been told: {_short(conversation.note)}", words_per_second=pace)
    if conversation.results:
        told = "\n\n".join(map(_told, conversation.results))
        return Answer(told, words_per_second=pace)
    thoughts = _thoughts(conversation) if _says(r"\bthink\b", text) else ""
    return replace(_reply(text, conversation, tools), thoughts=thoughts, words_per_second=pace)


def _says(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def _pace(text: str) -> float:
    if _says(r"\bslow(ly)?\b", text):
        return SLOW
    return QUICK if _says(r"\b(quick(ly)?|fast)\b", text) else HUMAN


def _reply(text: str, conversation: Conversation, tools: Sequence[Tool]) -> Answer:
    if _says(r"^(please )?fail\b|\bplease fail\b|\bfail (now|on purpose)\b", text):
        return Answer("As you wish. I begin an answer, and then something breaks", fails=True)
    if tool := _tool_meant(text, tools):
        call = tool.name, arguments_for(tool.parameters, text)
        return Answer(f"Let me use the tool {tool.name}. ", call=call)
    if _says(r"\buse the tool\b|\b(what|which|your) tools\b", text):
        return Answer(_tool_list(tools))
    if long := _says(r"\bwrite\D{0,20}(\d[\d,]*) words\b", text):
        return Answer(essay(min(int(long[1].replace(",", "")), LONGEST_WORDS)))
    if _says(r"\bwhat (did i|have i) (say|said|ask|asked|write|written)", text):
        return Answer(_recall(conversation.said[:-1]))
    if _says(r"\bhow many messages\b", text):
        return Answer(_count(conversation))
    for pattern, explanation in TOPICS.items():
        if _says(pattern, text):
            return Answer(explanation)
    return Answer(_small_talk(text, conversation, tools))


def _tool_meant(text: str, tools: Sequence[Tool]) -> Tool | None:
    """The tool that the person says to use by its name; or a clock, when asked for the time."""
    lowered = text.lower()
    if re.search(r"\b(use|call|run|start)\b", lowered):
        for tool in tools:
            name = re.escape(tool.name.lower())
            if re.search(rf"\b({name}|{name.replace('_', ' ')})\b", lowered):
                return tool
    asks_time = re.search(r"\bwhat('s| is)? (the )?(time|day|date)\b", lowered)
    clocks = (tool for tool in tools if re.search(r"clock|time|date", tool.name.lower()))
    return next(clocks, None) if asks_time else None


def _tool_list(tools: Sequence[Tool]) -> str:
    if not tools:
        return "I have no tools here: this agent gives me none."
    return f"I have these tools: {', '.join(tool.name for tool in tools)}.{_offer(tools)}"


def _told(result: ToolResult) -> str:
    if result.pending:
        return (
            f"{result.tool} is running in the background now. It goes on without me, and its "
            "result will come into this thread when it is there."
        )
    match result.outcome:
        case "success":
            return f"{result.tool} says: {_short(result.text)}"
        case "denied":
            return f"You did not allow {result.tool}, so I did not use it."
        case "failed" | "interrupted" | "retried":
            return f"{result.tool} did not work: {_short(result.text)}"


def _thoughts(conversation: Conversation) -> str:
    text = conversation.said[-1]
    return (
        f"The person wrote {len(text.split())} words. It is message {conversation.messages} of "
        "this thread. They asked me to think, so I show what that looks like: these words are "
        "events of kind reasoning, kept apart from the answer. Now I answer."
    )


def _recall(earlier: Sequence[str]) -> str:
    if not earlier:
        return "Nothing yet: this is your first message in this thread."
    if len(earlier) == 1:
        return f"Before this you said one thing: “{_short(earlier[0])}”"
    lines = "\n".join(f"{n}. “{_short(said)}”" for n, said in enumerate(earlier, start=1))
    return f"Before this you said {len(earlier)} things:\n\n{lines}"


def _count(conversation: Conversation) -> str:
    mine = conversation.messages - len(conversation.said)
    return (
        f"I have seen {conversation.messages} messages in this thread: {len(conversation.said)} "
        f"of yours and {mine} of mine."
    )


def _small_talk(text: str, conversation: Conversation, tools: Sequence[Tool]) -> str:
    greeting = _says(r"^\s*(hi|hello|hey|good (morning|evening|day))\b", text)
    start = "Hello! " if greeting else f"You wrote: “{_short(text)}”\n\n"
    if len(conversation.said) < 2:
        return f"{start}{WELCOME}{_offer(tools)}"
    start += f"That makes {conversation.messages} messages in this thread. "
    if conversation.stopped_after_words is not None:
        start += (
            f"My last answer was stopped after {conversation.stopped_after_words} words. They are "
            "all still in the log, and I can see them. "
        )
    return f"{start}{HINTS[len(conversation.said) % len(HINTS)]}"


def _offer(tools: Sequence[Tool]) -> str:
    if not tools:
        return ""
    return f" You can say, for example, “use the tool {tools[0].name}”."


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 300 else f"{flat[:299]}…"
