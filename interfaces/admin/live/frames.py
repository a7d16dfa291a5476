"""Patches of a page as events of its stream. A batch takes effect with its end, the id."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import assert_never

from interfaces.admin.conversation.patches import Patch
from interfaces.admin.live.names import EventName

SAME = "."  # stands for the id of the text before

_LINE_END = re.compile(r"\r\n|\r|\n")  # as the standard has it; str.splitlines knows others
_TAG = re.compile(r"\s*<[a-z][a-z0-9]*")


@dataclass(frozen=True)
class Frame:
    """One event without its place in the log."""

    name: EventName
    data: str  # not empty, or browsers drop the event


CONNECTED = Frame("connected", "Chat stream connected")
BEAT = Frame("beat", ".")


class Frames:
    """One for each connection: an id that was named last need not be named again."""

    def __init__(self) -> None:
        self._grown = ""

    def of(self, patches: Sequence[Patch], *, cause: EventName) -> list[Frame]:
        """In their order; fragments that follow one another are one event, named by their cause."""
        frames: list[Frame] = []
        for patch in patches:
            frame = self._frame(patch, cause=cause)
            if frames and frame.name == cause == frames[-1].name:
                frame = Frame(cause, frames.pop().data + frame.data)
            frames.append(frame)
        return frames

    def _frame(self, patch: Patch, *, cause: EventName) -> Frame:
        match patch.kind:
            case "append":
                return Frame(cause, _placed("beforeend", patch))
            case "before":
                return Frame(cause, _placed("beforebegin", patch))
            case "replace":
                return Frame(cause, _in_place(patch.html))
            case "reset":
                return Frame("reset", _in_place(patch.html))
            case "more":
                return Frame("more", f"{self._named(patch)} {patch.level:d} {patch.html}")
            case "open" | "close":
                return Frame(patch.kind, f"{self._named(patch)} {patch.html}")
            case "keep" | "ended":
                return Frame(patch.kind, f"{self._named(patch)} ")
            case "say":
                return Frame("say", unescape(patch.html))
            case _:
                assert_never(patch.kind)

    def _named(self, patch: Patch) -> str:
        before, self._grown = self._grown, patch.element_id
        return SAME if before == patch.element_id else patch.element_id


def _placed(where: str, patch: Patch) -> str:
    return f'<div hx-swap-oob="{where}:#{patch.element_id}">{patch.html}</div>'


def _in_place(html: str) -> str:
    """The element itself says that it goes where its id is."""
    tag = _TAG.match(html)
    assert tag is not None, html[:100]
    return f'{tag[0]} hx-swap-oob="true"{html[tag.end() :]}'


def batch_bytes(frames: Sequence[Frame], *, position: int) -> bytes:
    """All or nothing: who has lost the end of a batch resumes before its beginning."""
    *others, last = frames or [BEAT]
    return b"".join([*map(frame_bytes, others), frame_bytes(last, position=position)])


def frame_bytes(frame: Frame, *, position: int | None = None) -> bytes:
    """One SSE block. With a position it ends a batch, and clients resume behind it."""
    place = "" if position is None else f"id: {position}\n"
    data = "".join(f"data: {line}\n" for line in _LINE_END.split(frame.data))
    return f"{place}event: {frame.name}\n{data}\n".encode()
