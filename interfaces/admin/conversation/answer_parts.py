"""The parts of one answer, folded from what is streamed, recorded, made void, and called."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from domain.completion_events import Answer as Ending
from domain.completion_events import Chunk, ToolReturned
from domain.jsonvalue import JsonObject
from interfaces.admin.conversation.changes import AnswerChanges
from interfaces.admin.conversation.text import Reasoning, Text
from interfaces.admin.conversation.tool_box import ToolBox
from projections.parts import parts_of

Part: TypeAlias = Text | ToolBox


@dataclass(eq=False)
class AnswerParts:
    """What recorded messages say and, beyond these, what is being said.

    A recorded message is the last word on its step: what was streamed gives way where it differs.
    """

    answer_id: UUID
    changes: AnswerChanges
    all: list[Part] = field(default_factory=list[Part])
    tools: dict[str, ToolBox] = field(default_factory=dict[str, ToolBox])  # by the call's id
    _recorded: int = 0  # parts that stand in recorded messages
    _steps: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  # position, parts
    _said: dict[tuple[int, int], Text] = field(default_factory=dict[tuple[int, int], Text])

    @property
    def texts(self) -> Iterator[Text]:
        """All that is text."""
        return (part for part in self.all if isinstance(part, Text))

    def say(self, chunk: Chunk) -> None:
        """A piece of text; the arguments of a tool are seen when it is called."""
        if chunk.kind == "tool_arguments":
            self._end_open()
            return
        key = (chunk.step, chunk.part)
        text = self._said.get(key)
        if text is None:
            self._end_open()
            text = self._said[key] = self._text(chunk.kind, len(self.all))
            self.all.append(text)
            self.changes.fresh.append(text)
        text.add(chunk.text)
        self.changes.texts[text] = None
        if not text.is_open:  # the provider went back to an earlier part
            self.changes.whole = True

    def record(self, response: JsonObject, *, position: int) -> None:
        """The step is done, with this message."""
        self._replace_open(self._made_of(response))
        self._recorded = len(self.all)
        self._steps.append((position, self._recorded))

    def void_after(self, kept_through: int) -> None:
        """What was recorded after this position is void, and all that was only streamed.

        Tools that were called before stay, whatever became of the text around them.
        """
        self._steps = [step for step in self._steps if step[0] <= kept_through]
        self._recorded = self._steps[-1][1] if self._steps else 0
        gone = self.all[self._recorded :]
        if not gone:
            return
        stay: list[Part] = []
        for box in gone:
            if isinstance(box, ToolBox) and box.called_at and box.called_at <= kept_through:
                stay.append(box)
            elif isinstance(box, ToolBox):
                self.tools.pop(box.call_id, None)
        self.all[self._recorded :] = stay
        self._said.clear()
        self.changes.whole = True

    def end(self, ending: Ending) -> None:
        """Text that no recorded message has stands in the ending, its first 32,000 characters."""
        recorded = "".join(
            part.text
            for part in self.all[: self._recorded]
            if isinstance(part, Text) and part.kind == "text"
        )
        rest = ending.text[len(recorded) :] if ending.text.startswith(recorded) else ""
        made: list[Part] = []
        if rest:
            text = self._text("text", self._recorded)
            text.add(rest)
            made.append(text)
        self._replace_open(made)
        for box in self.tools.values():
            before, box.is_over = box.state, True
            if box.state != before:
                self.changes.box(box)

    def ask(self, calls: Sequence[str]) -> None:
        """A person must decide on these; what was asked before stays as it is, with its form."""
        for call in calls:
            if (box := self.tools.get(call)) and not box.needs_approval:
                box.needs_approval = True
                self.changes.box(box)

    def box(self, call: str, tool: str) -> ToolBox:
        """The call's box, which is about to change; at the end, where it has none."""
        box = self.tools.get(call)
        if box is None:
            box = self.tools[call] = ToolBox(self.answer_id, call, tool)
            self._end_open()
            self.all.append(box)
            self.changes.fresh.append(box)
        self.changes.box(box)
        return box

    def _made_of(self, response: JsonObject) -> list[Part]:
        made: list[Part] = []
        for part in parts_of(response):
            match part:
                case {"kind": "text" | "reasoning" as kind, "content": str(content)}:
                    text = self._text(kind, self._recorded + len(made))
                    text.add(content)
                    made.append(text)
                case {"kind": "tool_call", "tool_name": str(name), "arguments": dict(arguments)}:
                    call = str(part.get("call_id") or self._recorded + len(made))
                    box = self.tools.get(call) or ToolBox(self.answer_id, call, name)
                    box.arguments = box.arguments or arguments
                    self.tools[call] = box
                    made.append(box)
                case {"kind": "tool_result", "tool_name": str(name), "result": str(result)}:
                    call = str(part.get("call_id"))
                    if box := self.tools.get(call):  # the provider's own tool
                        box.returned(ToolReturned(call, name, "completed", result))
                        self.changes.box(box)
                case _:
                    pass
        return made

    def _replace_open(self, made: list[Part]) -> None:
        """What was streamed since the last recorded message is now this; it grows no more."""
        opened = self.all[self._recorded :]
        made += [part for part in opened if isinstance(part, ToolBox) and part not in made]
        kept = len(opened)
        if kept <= len(made) and all(map(_is_same, opened, made)):
            self._end_open()
            self.all += made[kept:]
            self.changes.fresh += made[kept:]
        else:
            self.all[self._recorded :] = made
            self.changes.whole = True
        for part in made:
            if isinstance(part, Text):
                part.end()
        self._said.clear()

    def _end_open(self) -> None:
        for text in self._said.values():
            if text.is_open:
                text.end()
                self.changes.texts[text] = None

    def _text(self, kind: str, number: int) -> Text:
        return (Reasoning if kind == "reasoning" else Text)(self.answer_id, number)


def _is_same(one: Part, other: Part) -> bool:
    if isinstance(one, ToolBox) or isinstance(other, ToolBox):
        return one is other
    return one.kind == other.kind and one.text == other.text
