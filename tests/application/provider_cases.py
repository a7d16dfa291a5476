"""Everything that a provider may do, and how the answer ends: one table for tests and proof."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from application.agents import AgentSpec
from tests.model_server import ask
from tests.model_server.client import look
from tests.model_server.turn import Protocol

ANSWER_CHARACTERS = 1_000
REQUEST_LIMIT = 5
TEN_MB = 10_000_000
TOOLS: dict[str, Any] = {"tools": [look], "request_limit": REQUEST_LIMIT}


@dataclass(frozen=True)
class Outcome:
    """How an answer ended, as anybody may see it."""

    ending: str = "finished"
    text: str = ""
    type: str | None = None
    retryable: bool = False
    status: int | None = None
    reasoning: str = ""
    tools: tuple[str, ...] = ()  # how each call ended
    requests: int = 1
    whole: bool = True  # of an expected one: False where the text may also stop earlier

    def __str__(self) -> str:
        if self.ending != "failed":
            return self.ending
        words = [self.type or "", str(self.status or ""), "" if self.retryable else "for good"]
        return " ".join(["failed:", *filter(None, words)])


@dataclass(frozen=True)
class Case:
    """One thing that a provider does."""

    name: str
    script: Mapping[str, Any]
    expected: Outcome
    elsewhere: Mapping[Protocol, Outcome] = field(default_factory=dict[Protocol, Outcome])

    @property
    def question(self) -> str:
        """What a user asks to see it."""
        return ask(self.name, **self.script)

    def at(self, protocol: Protocol) -> Outcome:
        """What is expected of it there."""
        return self.elsewhere.get(protocol, self.expected)


def differences(expected: Outcome, seen: Outcome) -> list[str]:
    """In words; none when it ended as it should."""
    same_text = seen.text == expected.text
    if not expected.whole:
        same_text = bool(seen.text) and expected.text.startswith(seen.text)
    found = [] if same_text else [f"text {_short(seen.text)}, not {_short(expected.text)}"]
    for name in ("ending", "type", "retryable", "status", "reasoning", "tools", "requests"):
        has, should = getattr(seen, name), getattr(expected, name)
        if has != should:
            found.append(f"{name} {has!r}, not {should!r}")
    return found


def agent(model: str | None = None) -> AgentSpec:
    """Who is asked: one tool, few steps."""
    return AgentSpec(model=model, **TOOLS)


def words(count: int, *, tag: str = "w") -> str:
    """What the provider says when it is asked for so many."""
    return "".join(f"{tag}{number} " for number in range(count))


def _short(text: str) -> str:
    return repr(text) if len(text) < 40 else f"{text[:30]!r}… ({len(text)} characters)"


def _failed(type_: str, *, retryable: bool, **fields: Any) -> Outcome:
    return Outcome("failed", type=type_, retryable=retryable, **fields)


def _partly(outcome: Outcome, text: str) -> Outcome:
    return replace(outcome, text=text, whole=False)


def _called(arguments: Any, *, tool: str = "look") -> list[list[Any]]:
    return [[tool, arguments]]


UNREADABLE = _failed("internal", retryable=True)
BROKEN = _failed("overloaded", retryable=True)
SILENT = _failed("timeout", retryable=True)
TOO_LONG = _failed("rejected", retryable=False)
STUCK = _failed("internal", retryable=False)
WRONG_FOUR_TIMES = ("error", "error", "error", "cancelled")  # the last one ends the answer
HTML = {"fault": "garbage", "headers": {"content-type": "text/html"}, "body": "<html>Hello</html>"}
X, Y, Z = {"q": "x"}, {"q": "y"}, {"q": "a somewhat longer one"}
MIDDLE = {"words": 30, "after": 9, "gap_seconds": 0.002}

CASES = (
    # It answers
    Case("text", {"words": 20}, Outcome(text=words(20))),
    Case(
        "reasoning",
        {"words": 4, "reasoning": 5},
        Outcome(text=words(4), reasoning=words(5, tag="r")),
    ),
    Case(
        "a tool",
        {"words": 3, "preamble": 2, "calls": _called(Z)},
        Outcome(text=words(2) + words(3), tools=("completed",), requests=2),
    ),
    Case(
        "three tools at once",
        {"words": 3, "reasoning": 2, "calls": [["look", X], ["look", Y], ["look", Z]]},
        Outcome(
            text=words(3),
            reasoning=words(2, tag="r") * 2,
            tools=("completed",) * 3,
            requests=2,
        ),
    ),
    Case(
        "a tool after a tool",
        {"calls": _called(X), "then": {"calls": _called(Y), "then": {"words": 2}}},
        Outcome(text=words(2), tools=("completed",) * 2, requests=3),
    ),
    # It refuses
    Case(
        "429 with Retry-After",
        {"refuse": "rate_limit", "headers": {"retry-after": "7"}},
        _failed("rate_limited", retryable=True, status=429),
    ),
    Case("429, used up", {"refuse": "quota"}, _failed("rate_limited", retryable=False, status=429)),
    Case("500", {"refuse": "server_error"}, replace(BROKEN, status=500)),
    Case("529 overloaded", {"refuse": "overloaded"}, replace(BROKEN, status=529)),
    Case(
        "overloaded, in the stream",
        {**MIDDLE, "fault": "error"},
        _partly(replace(BROKEN, status=503), words(30)),
        {"anthropic": _partly(replace(BROKEN, status=529), words(30))},
    ),
    # It breaks off
    Case("hangs up before a byte", {"fault": "hang up"}, BROKEN),
    Case("cut after the headers", {"fault": "cut"}, BROKEN),
    Case("cut in mid-stream", {**MIDDLE, "fault": "cut"}, _partly(BROKEN, words(30))),
    Case("ends too early", {**MIDDLE, "fault": "end"}, _partly(BROKEN, words(30))),
    Case("silent from the start", {"fault": "stall"}, SILENT),
    Case("silent in mid-stream", {**MIDDLE, "fault": "stall"}, _partly(SILENT, words(30))),
    # It talks nonsense
    Case("not JSON", {**MIDDLE, "fault": "garbage"}, _partly(UNREADABLE, words(30))),
    Case("truncated JSON", {**MIDDLE, "fault": "truncate"}, _partly(UNREADABLE, words(30))),
    Case("not SSE", {"fault": "garbage", "body": "I am not a stream of events."}, UNREADABLE),
    Case("HTML with 200", HTML, UNREADABLE),
    Case(
        "invalid UTF-8",
        {**MIDDLE, "fault": "garbage", "body": 'data: {"a": "\udcff\udcfe"}\n\n'},
        _partly(UNREADABLE, words(30)),
    ),
    Case("doubled chunks", {"words": 3, "fault": "double"}, Outcome(text="w0 w0 w1 w1 w2 w2 ")),
    Case("reordered chunks", {"words": 4, "fault": "reorder"}, Outcome(text="w1 w0 w3 w2 ")),
    Case(
        "an empty answer, once",
        {"words": 0, "then": {"words": 2}},
        Outcome(text=words(2), requests=2),
    ),
    Case("an empty answer, always", {"words": 0}, replace(UNREADABLE, requests=2)),
    # It does not end
    Case("endless text", {"words": None}, replace(TOO_LONG, text=words(900)[:ANSWER_CHARACTERS])),
    Case(
        "endless reasoning",
        {"reasoning": TEN_MB},
        replace(TOO_LONG, reasoning=words(900, tag="r")[:ANSWER_CHARACTERS]),
    ),
    Case("endless arguments", {"calls": _called(None)}, TOO_LONG),
    Case("a delta of 10 MB", {"wide": TEN_MB}, replace(TOO_LONG, text="x" * ANSWER_CHARACTERS)),
    Case("a line of 17 MB", {"wide": 17_000_000}, TOO_LONG),
    Case(
        "tools for ever",
        {"calls": _called(X), "stubborn": True},
        replace(TOO_LONG, tools=("completed",) * REQUEST_LIMIT, requests=REQUEST_LIMIT),
    ),
    # It calls wrongly
    Case(
        "arguments of another shape, once",
        {"words": 2, "calls": _called({"p": 1})},
        Outcome(text=words(2), tools=("error",), requests=2),
    ),
    Case(
        "arguments of another shape, always",
        {"calls": _called({"p": 1}), "stubborn": True},
        replace(STUCK, tools=WRONG_FOUR_TIMES, requests=4),
    ),
    Case(
        "arguments that are not JSON, once",
        {"words": 2, "calls": _called('{"q": "x')},
        Outcome(text=words(2), tools=("error",), requests=2),
    ),
    Case(
        "an unknown tool, once",
        {"words": 2, "calls": _called({}, tool="nosuch")},
        Outcome(text=words(2), tools=("error",), requests=2),
    ),
    Case(
        "an unknown tool, always",
        {"calls": _called({}, tool="nosuch"), "stubborn": True},
        replace(STUCK, tools=WRONG_FOUR_TIMES, requests=4),
    ),
)
