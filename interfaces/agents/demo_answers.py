"""What the demo model answers, which follows from the conversation alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from domain.jsonvalue import JsonObject
from interfaces.agents.demo_arguments import arguments_for
from interfaces.agents.demo_telling import ToolResult, short, told_note, told_result
from interfaces.agents.demo_tools import Tool, tool_meant
from interfaces.agents.demo_words import HINTS, TOPICS, WELCOME, essay

HUMAN, SLOW, QUICK = 25.0, 5.0, 120.0
LONGEST_WORDS = 5_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """What there is to answer."""

    said: tuple[str, ...]  # the person's messages, oldest first
    messages: int  # the person's messages and the answers before this one
    asked: bool = True  # is the last message still to be answered, or to be acted upon?
    stopped_after_words: int | None = None  # when the answer before this one was stopped, if it was
    results: tuple[ToolResult, ...] = ()  # of the tools that the model has called last
    notes: tuple[str, ...] = ()  # what the system has told since the model spoke last


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says, and does."""

    text: str
    thoughts: str = ""  # streamed before the text
    call: tuple[str, JsonObject] | None = None  # a tool to call after the text, and its arguments
    fails: bool = False  # does the model break off after the text, with an error?
    words_per_second: float = HUMAN


def answer(conversation: Conversation, tools: Sequence[Tool]) -> Answer:
    """The same conversation and tools always give the same answer."""
    text = conversation.said[-1] if conversation.said else ""
    pace = _pace(text)
    told = "\n\n".join(
        [*map(told_result, conversation.results), *map(told_note, conversation.notes)]
    )
    if told and not conversation.asked:
        return Answer(told, words_per_second=pace)
    reply = _reply(text, conversation, tools)
    return replace(
        reply,
        text=f"{told}\n\n{reply.text}" if told else reply.text,
        thoughts=_thoughts(conversation) if _says(r"\bthink\b", text) else "",
        words_per_second=pace,
    )


def _says(pattern: str, text: str) -> re.Match[str] | None:
    return re.search(pattern, text, re.IGNORECASE)


def _pace(text: str) -> float:
    if _says(r"\bslow(ly)?\b", text):
        return SLOW
    return QUICK if _says(r"\b(quick(ly)?|fast)\b", text) else HUMAN


def _reply(text: str, conversation: Conversation, tools: Sequence[Tool]) -> Answer:
    if _says(r"^(please )?fail\b|\bplease fail\b|\bfail (now|on purpose)\b", text):
        return Answer("As you wish. I begin an answer, and then something breaks", fails=True)
    if tool := tool_meant(text, tools):
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


def _tool_list(tools: Sequence[Tool]) -> str:
    if not tools:
        return "I have no tools here: this agent gives me none."
    return f"I have these tools: {', '.join(tool.name for tool in tools)}.{_offer(tools)}"


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
        return f"Before this you said one thing: “{short(earlier[0])}”"
    lines = "\n".join(f"{n}. “{short(said)}”" for n, said in enumerate(earlier, start=1))
    return f"Before this you said {len(earlier)} things:\n\n{lines}"


def _count(conversation: Conversation) -> str:
    mine = conversation.messages - len(conversation.said)
    return (
        f"I have seen {conversation.messages} messages in this thread: {len(conversation.said)} "
        f"of yours and {mine} of mine."
    )


def _small_talk(text: str, conversation: Conversation, tools: Sequence[Tool]) -> str:
    greeting = _says(r"^\s*(hi|hello|hey|good (morning|evening|day))\b", text)
    start = "Hello! " if greeting else f"You wrote: “{short(text)}”\n\n"
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
