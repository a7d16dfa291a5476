"""A conversation on one page: its HTML, and the patches that keep the page like it."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Annotated

from fastapi import Query
from markupsafe import escape

from interfaces.admin.conversation.answer import Answer
from interfaces.admin.conversation.answer_parts import Part
from interfaces.admin.conversation.changes import Place
from interfaces.admin.conversation.conversation import Conversation, Item
from interfaces.admin.conversation.growth import growth
from interfaces.admin.conversation.order import inserted, is_within
from interfaces.admin.conversation.patches import Patch
from interfaces.admin.conversation.text import Text
from interfaces.admin.conversation.tool_box import ToolBox
from interfaces.admin.conversation.words import failure_of, tool_word
from interfaces.admin.pages import render

First = Annotated[int | None, Query(ge=0, lt=2**31)]  # in addresses: see `Shown`
SHOWN_ITEMS = 200  # at most so many of the last ones are on the page
STRIDE = 50
AT_ONCE = 4_000  # characters of a new text
_LINE_END = re.compile(r"\s*\n\s*")
PLACES: Sequence[Place] = ("title", "status", "queue", "actions")


class Shown:
    """The page has the conversation as it is when this is made. One for each conversation.

    The templates need this as `shown`, the conversation as `c`, and `read_only`.
    `first` is the number of the first item on the page, from 0; None: so that the last ones are.
    `read_only`: without anything that could be pressed. `query`: what stands before `first=` in the
    address of the same page with earlier items, such as `at=100&`.
    """

    failure_of = staticmethod(failure_of)

    def __init__(
        self,
        conversation: Conversation,
        *,
        read_only: bool = False,
        first: int | None = None,
        query: str = "",
    ) -> None:
        self.conversation = conversation
        self.query = query
        self._read_only = read_only
        self._first = first
        self._places: dict[Place, str] = {}
        self._on_page: Sequence[Item] = ()
        self._there: set[Item] = set()
        self._late: dict[Text, None] = {}  # whose changes were kept for later
        self._shown()

    @property
    def first(self) -> int:
        """The number of the first item on the page."""
        last = len(self.conversation.items)
        if self._first is not None:
            return min(self._first, last)
        # In strides, so that the page does not lose its first item with each new one.
        return max(0, -(-(last - SHOWN_ITEMS) // STRIDE) * STRIDE)

    @property
    def items(self) -> Sequence[Item]:
        """Those on the page."""
        return self.conversation.items[self.first :]

    async def typeset(self) -> None:
        """Read the Markdown of all that `html` will show, with pauses for others."""
        answers = (item for item in self.items if isinstance(item, Answer))
        await _in_turns(text.typeset() for answer in answers for text in answer.texts)

    async def typeset_changes(self) -> None:
        """The same for `patches`."""
        answers, names = self.conversation.answers, self.conversation.changes.answers
        changed = (answers[name] for name in names if answers[name] in self._there)
        grown = (one.changes.texts for one in changed if not one.changes.whole)
        await _in_turns(text.typeset_changes() for texts in grown for text in texts)

    def html(self) -> str:
        """All of #conversation."""
        return self._render("conversation.html")

    def place(self, place: Place) -> str:
        """Another part of the page, whose id is its name."""
        html = self._render(f"{place}.html")
        return html if place == "queue" else _in_one_line(html)  # there people's lines stay

    def everything(self) -> list[Patch]:
        """Whatever the page has, it becomes like the conversation."""
        self._shown()
        return [
            Patch("reset", "conversation", self.html()),
            *(Patch("replace", place, html) for place, html in self._places.items()),
        ]

    def patches(self, budget: int | None = None) -> list[Patch]:
        """What has changed since the last call; nothing is told twice.

        Text costs what reading its Markdown costs; all else far below a millisecond, but for a
        reset. `budget`: see `GrowingText.changes`.
        """
        news = self.conversation.changes.news
        patches = [
            *self._items_patches(budget),
            *self._places_patches(),
            *(Patch("say", "announcements", str(escape(one))) for one in news),
        ]
        self._clear()
        return patches

    def tool_word(self, box: ToolBox) -> str:
        """How a tool stands, to who looks at the page."""
        return tool_word(box, may_decide=not self._read_only)

    # What is said and answered

    def _items_patches(self, budget: int | None) -> list[Patch]:
        before, there, changes = self._on_page, self._there, self.conversation.changes
        now = self.items if changes.order else before
        if not is_within(before, now) or (now and not before):
            self._put(now)
            return [Patch("reset", "conversation", self.html())]
        patches: list[Patch] = []
        if len(now) > len(before):
            html = {item: self._item(item) for item in now if item not in there}
            patches += inserted(now, html=html)
            self._put(now, new=html)
        for name in changes.answers:
            if (answer := self.conversation.answers[name]) in there:
                patches += self._answer_patches(answer, budget)
        return patches + self._late_patches(budget)

    def _answer_patches(self, answer: Answer, budget: int | None) -> Iterator[Patch]:
        changes = answer.changes
        if changes.whole:
            yield Patch("replace", answer.element_id, self._item(answer))
            self._put_texts(answer)
            return
        for text in changes.texts:
            if text not in changes.fresh:
                yield from self._growth(text, budget)
        for box, whole in changes.boxes.items():
            if box not in changes.fresh:
                yield self._box_patch(box, whole=whole)
        for part in changes.fresh:
            yield from self._fresh(part, f"parts-{answer.id}", budget)
        if changes.foot:
            if not answer.is_under_way:
                yield Patch("ended", answer.element_id)
            html = self._render("foot.html", answer=answer)
            yield Patch("replace", f"foot-{answer.id}", _in_one_line(html))

    def _fresh(self, part: Part, parts: str, budget: int | None) -> Iterator[Patch]:
        """A long text block by block: a browser must not stop for it."""
        if isinstance(part, Text) and len(part.text) > AT_ONCE:
            yield Patch("append", parts, self._part(type(part)(part.answer_id, part.number)))
            yield from self._growth(part, budget)
            return
        yield Patch("append", parts, self._part(part))
        if isinstance(part, Text):
            part.shown()

    def _growth(self, text: Text, budget: int | None) -> Iterator[Patch]:
        self._late.pop(text, None)
        yield from growth(text, budget)
        if text.is_open and budget is not None:
            self._late[text] = None

    def _late_patches(self, budget: int | None) -> list[Patch]:
        """What an earlier budget did not allow."""
        late = [text for text in self._late if text.is_open]
        return [patch for text in late for patch in self._growth(text, budget)]

    def _box_patch(self, box: ToolBox, *, whole: bool) -> Patch:
        if whole:
            return Patch("replace", box.element_id, self._part(box))
        html = self._render("tool_state.html", box=box)
        return Patch("replace", f"{box.element_id}-state", html)

    def _item(self, item: Item) -> str:
        return self._render(f"{item.kind}.html", **{item.kind: item})

    def _part(self, part: Part) -> str:
        return self._render("part.html", part=part)

    # The rest of the page

    def _places_patches(self) -> Iterator[Patch]:
        for place in PLACES:
            if place in self.conversation.changes.places:
                html = self.place(place)
                if html != self._places[place]:
                    self._places[place] = html
                    yield Patch("replace", place, html)

    def _render(self, template: str, **context: object) -> str:
        return render(
            f"conversation/{template}",
            c=self.conversation,
            shown=self,
            read_only=self._read_only,
            **context,
        )

    # What the page has

    def _shown(self) -> None:
        self._put(self.items)
        self._places = {place: self.place(place) for place in PLACES}
        self._clear()

    def _put(self, items: Sequence[Item], *, new: Iterable[Item] | None = None) -> None:
        self._on_page, self._there = items, set(items)
        for item in items if new is None else new:
            if isinstance(item, Answer):
                self._put_texts(item)

    def _put_texts(self, answer: Answer) -> None:
        for text in answer.texts:
            text.shown()
            self._late.pop(text, None)

    def _clear(self) -> None:
        for name in self.conversation.changes.answers:
            self.conversation.answers[name].changes.clear()
        self.conversation.changes.clear()


async def _in_turns(works: Iterable[Iterator[None]]) -> None:
    """One after the other, each with pauses for others."""
    for _ in chain.from_iterable(works):
        await asyncio.sleep(0)


def _in_one_line(html: str) -> str:
    """The same to who looks at it, where no white space is kept; each line costs a stream bytes."""
    return _LINE_END.sub(" ", html).strip()
