"""A page as a browser holds it, without a screen: its elements, and how texts grow in it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser
from itertools import groupby
from typing import Literal, TypeAlias

VOID = frozenset({"base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"})
SPACED = frozenset({"prose", "bubble"})  # classes in which white space matters, as it does in <pre>

Growth: TypeAlias = Literal["open", "close", "keep", "more", "ended"]


@dataclass(eq=False)
class Element:
    """An element; without a tag, a page or a part of one."""

    tag: str = ""
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    children: "list[Element | str]" = field(default_factory=list["Element | str"])
    parent: "Element | None" = field(default=None, repr=False)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def outer_html(self) -> str:
        attributes = "".join(f' {name}="{escape(it)}"' for name, it in self.attributes.items())
        end = "" if self.tag in VOID else f"</{self.tag}>"
        return f"<{self.tag}{attributes}>{self.inner_html}{end}"

    @property
    def inner_html(self) -> str:
        return "".join(
            escape(child, quote=False) if isinstance(child, str) else child.outer_html
            for child in self.children
        )

    @property
    def text(self) -> str:
        """To the letter."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def elements(self) -> "list[Element]":
        """Those inside, in the order of the page."""
        own = [child for child in self.children if isinstance(child, Element)]
        return [one for child in own for one in (child, *child.elements())]

    def by_id(self, name: str) -> "Element":
        """The one inside with this id."""
        (found,) = [one for one in self.elements() if one.attributes.get("id") == name]
        return found

    def last_chain(self) -> "list[Element]":
        """This element, its last child if that is an element, and so on: the innermost is last."""
        last = self.children[-1] if self.children else ""
        return [self, *([] if isinstance(last, str) else last.last_chain())]

    def append(self, *children: "Element | str") -> None:
        self._insert(len(self.children), children)

    def put_before(self, *others: "Element | str") -> None:
        """These others in front of this one."""
        assert self.parent is not None
        self.parent._insert(self.parent.children.index(self), others)

    def remove(self) -> None:
        assert self.parent is not None
        self.parent.children.remove(self)

    def tidy(self, *, spaced: bool = False) -> "Element":
        """A copy without the white space that no reader sees."""
        spaced = spaced or self.tag == "pre" or not SPACED.isdisjoint(self.classes)
        copy = Element(self.tag, self.attributes)
        for kind, run in groupby(self.children, type):
            children = list(run)
            if kind is str:
                text = "".join(map(str, children))
                copy.append(text if spaced else " ".join(text.split()))
            else:
                copy.append(*(one.tidy(spaced=spaced) for one in children if type(one) is Element))
        return copy

    def _insert(self, place: int, children: "Sequence[Element | str]") -> None:
        for child in children:
            if isinstance(child, Element):
                child.parent = self
        self.children[place:place] = children


def parsed(html: str) -> Element:
    """A page with this in it. What a browser would have to repair is an error."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser.place is parser.root, f"not closed: {parser.place.tag}"
    return parser.root


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.place = Element()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.place.append(element)
        if tag not in VOID:
            self.place = element

    def handle_endtag(self, tag: str) -> None:
        assert self.place.tag == tag, (self.place.tag, tag)
        assert self.place.parent is not None
        self.place = self.place.parent

    def handle_data(self, data: str) -> None:
        self.place.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def words(element: Element) -> str:
    """Its text as it is read, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", element.inner_html)).split())


def open_block(text: Element) -> Element:
    """The last block of a growing text."""
    (found,) = _open_blocks(text)
    return found


def grow(text: Element, how: Growth, html: str = "", *, level: int = 0) -> None:
    """What our script does to a growing text. `level`: of the block's innermost end, outwards."""
    if how == "ended":
        text.attributes.pop("aria-busy", None)
        for block in _open_blocks(text):
            assert not block.children
            block.remove()
        return
    block, new = open_block(text), parsed(html).children
    match how:
        case "more":
            block.last_chain()[-1 - level].append(*new)
        case "open":
            block.children.clear()
            block.append(*new)
        case "close" | "keep":
            block.put_before(*(new if how == "close" else block.children))
            block.children.clear()


def _open_blocks(text: Element) -> list[Element]:
    return [one for one in text.children if isinstance(one, Element) and "open" in one.classes]
