"""What a message is made of when a person writes it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class TextPart:
    """Plain text or Markdown."""

    content: str
    kind: Literal["text"] = "text"


def text_of(parts: tuple[TextPart, ...]) -> str:
    """All text of a message, parts separated by an empty line."""
    return "\n\n".join(part.content for part in parts)
