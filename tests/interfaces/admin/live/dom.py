"""A page as a browser holds it, just enough to change it as the stream of patches says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta", "col", "wbr"})
OOB = "hx-swap-oob"


@dataclass(eq=False)
class Element:
    """An element, or the page as a whole."""

    tag: str = ""
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    children: "list[Element | str]" = field(default_factory=list["Element | str"])
    parent: "Element | None" = None

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    def append(self, child: "Element | str") -> None:
        self.insert(len(self.children), child)

    def insert(self, place: int, child: "Element | str") -> None:
        if isinstance(child, Element):
            child.parent = self
        self.children.insert(place, child)

    def everything(self) -> "Iterator[Element]":
        """The elements inside, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.everything()

    def by_id(self, name: str) -> "Element":
        """The one with this id."""
        (found,) = [one for one in self.everything() if one.attributes.get("id") == name]
        return found

    def put_before(self, new: "list[Element | str]") -> None:
        """In front of this one."""
        assert self.parent is not None
        for child in new:
            self.parent.insert(self.parent.children.index(self), child)

    def remove(self) -> None:
        assert self.parent is not None
        self.parent.children.remove(self)

    def html(self, *, exact: bool = False) -> str:
        """The same text for the same page: white space between parts of the page is nothing."""
        exact = exact or self.tag == "pre" or "prose" in self.classes
        inner: list[str] = []
        for child in _joined(self.children):
            if isinstance(child, Element):
                inner.append(child.html(exact=exact))
            elif exact or child.strip():
                inner.append(escape(child if exact else " ".join(child.split()), quote=False))
        named = "".join(f' {name}="{value}"' for name, value in sorted(self.attributes.items()))
        return f"<{self.tag}{named}>{''.join(inner)}</{self.tag}>" if self.tag else "".join(inner)


def parsed(html: str) -> Element:
    """What a browser makes of well-formed HTML."""
    parser = _Parser()
    parser.feed(html)
    parser.close()
    assert parser.place is parser.root, f"{parser.place.tag} is not closed"
    return parser.root


def swap(page: Element, html: str) -> None:
    """Out of band, as htmx does it."""
    for new in list(parsed(html).children):
        assert isinstance(new, Element), new
        how, _, where = new.attributes.pop(OOB).partition(":#")
        match how:
            case "true":
                old = page.by_id(new.attributes["id"])
                old.put_before([new])
                old.remove()
            case "beforeend":
                target = page.by_id(where)
                for child in new.children:
                    target.append(child)
            case "beforebegin":
                page.by_id(where).put_before(new.children)
            case _:
                raise AssertionError(how)


def _joined(children: "list[Element | str]") -> "Iterator[Element | str]":
    text = ""
    for child in children:
        if isinstance(child, str):
            text += child
            continue
        if text:
            yield text
        text = ""
        yield child
    if text:
        yield text


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
        assert self.place.tag == tag, (tag, self.place.tag)
        assert self.place.parent is not None
        self.place = self.place.parent

    def handle_data(self, data: str) -> None:
        self.place.append(data)
