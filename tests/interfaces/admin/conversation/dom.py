"""A page that is changed by patches."""

from interfaces.admin.conversation.patches import Patch
from tests.interfaces.admin.dom import Element, grow, parsed


class Dom:
    """A page."""

    def __init__(self, html: str) -> None:
        self.body = parsed(html)
        self.said: list[str] = []

    def __str__(self) -> str:
        return self.body.tidy().inner_html.replace("><", ">\n<")

    def by_id(self, name: str) -> Element:
        return self.body.by_id(name)

    def apply(self, patch: Patch) -> None:
        if patch.kind == "say":
            self.said.append(patch.html)
            return
        element, new = self.by_id(patch.element_id), parsed(patch.html).children
        match patch.kind:
            case "append":
                element.append(*new)
            case "before":
                element.put_before(*new)
            case "replace" | "reset":
                element.put_before(*new)
                element.remove()
            case _:
                grow(element, patch.kind, patch.html, level=patch.level)
