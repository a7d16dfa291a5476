"""What the model answers to one request: words, pace, tool calls, faults."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, islice, repeat
from typing import Any, Literal

Call = tuple[str, Mapping[str, Any] | str | None]
Fault = Literal[
    "cut", "hang up", "stall", "garbage", "error", "end", "truncate", "double", "reorder"
]

MARK = "@script "


@dataclass(frozen=True, slots=True)
class Script:
    """One answer. As JSON after `@script ` in the last user message it steers that turn.

    Order of an answer: reasoning, then `calls` (after `preamble` words) or else the text. A request
    that follows the tools' results plays `then`, by default the same script without its calls.
    """

    words: int | None = 20
    """Words `w0 w1 …` of the answer; None for an endless one."""
    text: str | None = None
    """The answer itself, in the place of numbered words."""
    tag: str = "w"
    """What each numbered word begins with."""
    reasoning: int = 0
    """Words of reasoning that come first."""
    preamble: int = 0
    """Words of text before the tool calls."""
    wide: int = 0
    """Characters of one single delta, in the place of words."""
    calls: tuple[Call, ...] = ()
    """Tools to call at once, with their arguments, which are streamed in pieces: an object, or a
    text that need not be JSON, or None for arguments without an end."""
    then: "Script | None" = None
    stubborn: bool = False
    """The same answer again, whatever the tools have returned."""

    gap_seconds: float = 0.0
    """Time between two deltas."""
    delay_seconds: float = 0.0
    """Time before the response begins."""

    refuse: str | None = None
    """A name of `refusals.REFUSALS`, for a realistic error response."""
    status: int | None = None
    """An error response with this status and `body`."""
    body: Any = None
    """JSON of the error response; or, as a string, the garbage."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of the response, of an error or not."""

    fault: Fault | None = None
    """`cut` the connection, `hang up` before the first byte of the response, `stall` until the
    client leaves, send `garbage` or the protocol's own `error` event, `end` cleanly but too early,
    `truncate` the JSON of a frame, `double` each delta, or `reorder` them in pairs."""
    after: int = 0
    """Frames that are sent before the fault; of no meaning for `double` and `reorder`."""
    times: int | None = None
    """How many requests of the same message and step meet the fault or error; None for all."""

    @staticmethod
    def of(fields: Mapping[str, Any]) -> "Script":
        """From JSON. TypeError when a field is unknown."""
        given = dict(fields)
        if "calls" in given:
            given["calls"] = tuple((name, arguments) for name, arguments in given["calls"])
        if given.get("then") is not None:
            given["then"] = Script.of(given["then"])
        return Script(**given)

    def at(self, step: int) -> "Script":
        """The script after `step` rounds of tool results."""
        if step == 0 or self.stubborn or not (self.calls or self.then):
            return self
        return (self.then or replace(self, calls=(), preamble=0)).at(step - 1)

    def mended(self) -> "Script":
        return replace(self, refuse=None, status=None, fault=None)

    def pieces(self) -> Iterator[str]:
        """The deltas of the answer's text."""
        if self.calls:
            return islice(self._numbered(self.tag), self.preamble)
        if self.wide:
            return iter(["x" * self.wide])
        if self.text is not None:
            return iter(re.findall(r"\s*\S+\s?|\s+", self.text))
        return islice(self._numbered(self.tag), self.words)

    def thoughts(self) -> Iterator[str]:
        return islice(self._numbered("r"), self.reasoning)

    def _numbered(self, prefix: str) -> Iterator[str]:
        return (f"{prefix}{n} " for n in count())


def ask(text: str = "Hello", /, **fields: Any) -> str:
    """A user message that tells the model what to do: `ask("Hello", words=3, fault="cut")`."""
    return f"{text} {MARK}{json.dumps(fields)}"


def script_in(text: str) -> Script | None:
    """The script that a user message carries; text after its JSON does not matter."""
    _, mark, rest = text.rpartition(MARK)
    if not mark:
        return None
    fields, _ = json.JSONDecoder().raw_decode(rest)
    return Script.of(fields)


def split_arguments(arguments: Mapping[str, Any] | str | None) -> Iterator[str]:
    """A tool call's arguments as a model streams them, a few characters at a time."""
    if arguments is None:
        yield '{"q": "'
        yield from repeat("on and on ")
    else:
        whole = arguments if isinstance(arguments, str) else json.dumps(arguments)
        yield from (whole[start : start + 4] for start in range(0, len(whole), 4))
