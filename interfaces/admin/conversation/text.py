"""Text of an answer, as far as it has been said, and as HTML."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal
from uuid import UUID

from interfaces.admin.markdown import Change, GrowingText, html_parts


@dataclass(eq=False)
class Text:
    """One stretch of text. Its Markdown is read when somebody looks; once it has ended, once."""

    kind: ClassVar[Literal["text", "reasoning"]] = "text"
    answer_id: UUID
    number: int  # among the parts of its answer, from 0
    is_open: bool = True  # may more of it come?
    _pieces: list[str] = field(default_factory=list[str])
    _growing: GrowingText | None = None  # while a page follows
    _fed: int = 0  # pieces that the growing text has
    _html: str | None = None  # of ended text

    @property
    def element_id(self) -> str:
        """Of the element around the HTML."""
        return f"text-{self.answer_id}-{self.number}"

    @property
    def text(self) -> str:
        """As it was said."""
        return "".join(self._pieces)

    def add(self, text: str) -> None:
        """More of it."""
        self._pieces.append(text)

    def end(self) -> None:
        """No more comes."""
        self.is_open = False

    @property
    def html(self) -> str:
        """What is inside the element now."""
        for _ in self.typeset():
            pass
        return self._html or "" if not self.is_open else self._grown().html

    def typeset(self) -> Iterator[None]:
        """Read the Markdown ahead, so that others may run in between."""
        if self.is_open:
            yield from self._grown().typeset(whole=True)
            return
        if self._html is not None:
            return
        parts: list[str] = []
        for part in html_parts(self.text):
            parts.append(part)
            yield
        self._html = "".join(parts)

    def typeset_changes(self) -> Iterator[None]:
        """The same for what `changes` will tell."""
        yield from self._grown().typeset(whole=False)

    def changes(self, budget: int | None) -> list[Change]:
        """What the page needs since the last call, or since `shown`; see `GrowingText.changes`."""
        growing = self._grown()
        if self.is_open:
            return growing.changes(budget)
        growing.end()
        self._growing = None
        return growing.changes()

    def shown(self) -> None:
        """The page has it as it is: later changes count from here."""
        if self.is_open:
            self._grown().shown()
        else:
            self._growing = None

    def _grown(self) -> GrowingText:
        if self._growing is None:
            self._growing, self._fed = GrowingText(), 0
        self._growing.add("".join(self._pieces[self._fed :]))
        self._fed = len(self._pieces)
        return self._growing


class Reasoning(Text):
    """What a model said to itself."""

    kind: ClassVar[Literal["text", "reasoning"]] = "reasoning"
