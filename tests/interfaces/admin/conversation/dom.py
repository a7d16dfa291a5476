"""A page in a browser, as far as patches need one: elements, ids, and what is done to them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

from interfaces.admin.conversation.patches import Patch

VOID = {"br", "hr", "img", "input", "meta", "link"}


@dataclass(eq=False)
class Element:
    """Its children are elements and strings."""

    tag: str
    attributes: dict[str, str | None]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list["Element | str"])

    @property
    def is_text(self) -> bool:
        """Does white space matter in it?"""
        classes = (self.attributes.get("class") or "").split()
        mine = self.tag == "pre" or "prose" in classes or "bubble" in classes
        return mine or (self.parent is not None and self.parent.is_text)

    def all(self) -> "Iterator[Element]":
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.all()

    def put(self, at: int, children: "list[Element | str]") -> None:
        for child in children:
            if isinstance(child, Element):
                child.parent = self
        self.children[at:at] = children

    def outer(self) -> str:
        """The same for two elements that look and act alike."""
        attributes = "".join(
            f' {name}="{value}"' for name, value in sorted(self.attributes.items())
        )
        return f"<{self.tag}{attributes}>{self.inner()}</{self.tag}>"

    def inner(self) -> str:
        told: list[str] = []
        text = ""
        for child in [*self.children, None]:
            if isinstance(child, str):
                text += child
                continue
            if text.strip() or (text and self.is_text):
                told.append(escape(text if self.is_text else " ".join(text.split())))
            text = ""
            if child is not None:
                told.append(child.outer())
        return "".join(told)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.now = Element("body", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, dict(attrs), self.now)
        self.now.children.append(made)
        if tag not in VOID:
            self.now = made

    def handle_endtag(self, tag: str) -> None:
        assert self.now.tag == tag, (self.now.tag, tag)
        assert self.now.parent is not None
        self.now = self.now.parent

    def handle_data(self, data: str) -> None:
        self.now.children.append(data)


def parsed(html: str) -> Element:
    """A body with this in it; all its elements are closed."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser.now is parser.root
    return parser.root


class Dom:
    """A page."""

    def __init__(self, html: str) -> None:
        self.body = parsed(html)
        self.said: list[str] = []

    def __str__(self) -> str:
        return self.body.inner().replace("><", ">\n<")

    def by_id(self, name: str) -> Element:
        (found,) = [one for one in self.body.all() if one.attributes.get("id") == name]
        return found

    def apply(self, patch: Patch) -> None:
        if patch.kind == "say":
            self.said.append(patch.html)
            return
        element, new = self.by_id(patch.element_id), parsed(patch.html).children
        match patch.kind:
            case "append":
                element.put(len(element.children), new)
            case "before" | "replace" | "reset":
                parent = element.parent
                assert parent is not None
                at = parent.children.index(element)
                if patch.kind != "before":
                    del parent.children[at]
                parent.put(at, new)
            case "open":
                opened = _open(element)
                opened.children = []
                opened.put(0, new)
            case "more":
                into = _deepest(_open(element))
                for _ in range(patch.level):
                    assert into.parent is not None
                    into = into.parent
                into.put(len(into.children), new)
            case "close" | "keep":
                opened = _open(element)
                gone, opened.children = opened.children, []
                element.put(element.children.index(opened), new if patch.kind == "close" else gone)
            case "ended":
                element.attributes.pop("aria-busy", None)
                opened = [one for one in element.children if _is_open(one)]
                assert all(isinstance(one, Element) and not one.children for one in opened)
                element.children = [one for one in element.children if one not in opened]


def _is_open(child: Element | str) -> bool:
    return isinstance(child, Element) and child.attributes.get("class") == "open"


def _open(element: Element) -> Element:
    (found,) = [one for one in element.children if isinstance(one, Element) and _is_open(one)]
    return found


def _deepest(element: Element) -> Element:
    while element.children and isinstance(element.children[-1], Element):
        element = element.children[-1]
    return element
