"""What has changed of a conversation since a page was told of it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias
from uuid import UUID

if TYPE_CHECKING:
    from interfaces.admin.conversation.answer_parts import Part
    from interfaces.admin.conversation.text import Text
    from interfaces.admin.conversation.tool_box import ToolBox

Place: TypeAlias = Literal["title", "status", "queue", "actions"]


@dataclass(eq=False)
class AnswerChanges:
    """Of one answer, on the page or not."""

    whole: bool = False  # it is no more what it was
    foot: bool = False
    fresh: "list[Part]" = field(default_factory=list["Part"])  # at the end, in order
    texts: "dict[Text, None]" = field(default_factory=dict["Text", None])  # that have grown
    boxes: "dict[ToolBox, bool]" = field(default_factory=dict["ToolBox", bool])  # True: all of it

    def box(self, box: "ToolBox", *, whole: bool = True) -> None:
        """A tool's box, or its head only."""
        self.boxes[box] = whole or self.boxes.get(box, False)

    def clear(self) -> None:
        """The page has been told."""
        self.whole = self.foot = False
        self.fresh.clear()
        self.texts.clear()
        self.boxes.clear()


@dataclass(eq=False)
class Changes:
    """Of a whole conversation."""

    order: bool = False  # of what is said and answered
    places: set[Place] = field(default_factory=set[Place])
    answers: set[UUID] = field(default_factory=set[UUID])  # that have changes of their own
    news: list[str] = field(default_factory=list[str])  # for those who cannot see the page

    def clear(self) -> None:
        """The page has been told."""
        self.order = False
        self.places.clear()
        self.answers.clear()
        self.news.clear()
