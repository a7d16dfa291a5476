"""What several routes take and answer: a message as a user writes it, and the log's position."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from domain.content import TextPart
from interfaces.http.fields import MOST_PARTS, TEXT_BYTES, Text
from interfaces.http.json_body import Body


class Written(BaseModel):
    """Done."""

    position: int  # in the log, of the last event: what `min_position` takes


class Part(Body):
    """A piece of a message."""

    kind: Literal["text"] = "text"
    content: Text


class MessageBody(Body):
    """A message: `text`, or the same as `parts`."""

    id: UUID | None = None
    text: Text | None = None
    parts: tuple[Part, ...] | None = Field(default=None, min_length=1, max_length=MOST_PARTS)

    @property
    def all_parts(self) -> tuple[TextPart, ...]:
        """As the domain has them."""
        if self.text is not None:
            return (TextPart(self.text),)
        return tuple(TextPart(part.content) for part in self.parts or ())

    @model_validator(mode="after")
    def _check(self) -> "MessageBody":
        if (self.text is None) == (self.parts is None):
            raise ValueError("send either text or parts")
        if sum(len(part.content.encode()) for part in self.all_parts) > TEXT_BYTES:
            raise ValueError(f"all parts together must be at most {TEXT_BYTES} bytes long")
        return self
