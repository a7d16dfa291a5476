"""A browser in miniature: the tree of some HTML, and changes applied to it as our script does."""

from html import escape
from html.parser import HTMLParser

from interfaces.admin.markdown import Change, Closed, More, Open

VOID = {"br", "hr", "img", "input", "meta", "base", "link"}
Attributes = dict[str, str | None]


class Element:
    def __init__(self, tag: str, attributes: Attributes | None = None) -> None:
        self.tag = tag
        self.attributes = attributes or {}
        self.children: list[Element | str] = []

    @property
    def inner_html(self) -> str:
        return "".join(
            escape(child, quote=False) if isinstance(child, str) else child.outer_html
            for child in self.children
        )

    @property
    def outer_html(self) -> str:
        attributes = "".join(f' {n}="{escape(v or "")}"' for n, v in self.attributes.items())
        end = "" if self.tag in VOID else f"{self.inner_html}</{self.tag}>"
        return f"<{self.tag}{attributes}>{end}"

    def elements(self) -> "list[Element]":
        own = [child for child in self.children if isinstance(child, Element)]
        return own + [deeper for child in own for deeper in child.elements()]

    @property
    def text(self) -> str:
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def last_chain(self) -> "list[Element]":
        """This element, its last child if that is an element, and so on: the innermost is last."""
        last = self.children[-1] if self.children else ""
        return [self, *([] if isinstance(last, str) else last.last_chain())]


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.path = [Element("root")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.path[-1].children.append(element)
        if tag not in VOID:
            self.path.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.path.pop().tag == tag, "every element ends where it should"

    def handle_data(self, data: str) -> None:
        self.path[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")


def tree(html: str) -> Element:
    """The tree of `html`, which must be well formed: what a browser would repair is an error."""
    parser = _Tree()
    parser.feed(html)
    parser.close()
    assert len(parser.path) == 1, f"not closed: {parser.path[-1].tag}"
    return parser.path[0]


class Page:
    """What a reader's page shows of a growing text."""

    def __init__(self) -> None:
        self.closed = Element("div")
        self.open = Element("div")

    def follow(self, changes: list[Change]) -> None:
        for change in changes:
            match change:
                case Closed(html, is_shown):
                    shown = self.open.children if is_shown else tree(html).children
                    self.closed.children += shown
                    self.open.children = []
                case Open(html):
                    self.open.children = tree(html).children
                case More(level, html):
                    self.open.last_chain()[-1 - level].children += tree(html).children

    @property
    def html(self) -> str:
        return f'{self.closed.inner_html}<div class="open">{self.open.inner_html}</div>'
