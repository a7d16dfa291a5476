"""Lists page by page: `?limit=&cursor=` in, `{"items": […], "next": …}` out."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from interfaces.http.refusals import PageCursorIsMalformed

T = TypeVar("T")

_NUMBER = re.compile(r"[0-9]{1,18}")


class Listed(BaseModel, Generic[T]):
    """A page, and the cursor of the one after it; null at the end."""

    items: list[T]
    next: str | None


@dataclass(frozen=True)
class Paging:
    """Which page is wanted."""

    limit: int
    cursor: str | None

    def number(self, kind: str) -> int | None:
        """The place in a list of this kind. Raises PageCursorIsMalformed."""
        return (
            None if self.cursor is None else number(open_cursor(self.cursor, kind=kind, parts=1)[0])
        )


async def _paging(
    limit: Annotated[int, Query(ge=1, le=1000)] = 50, cursor: str | None = None
) -> Paging:
    return Paging(limit, cursor or None)


Pages = Annotated[Paging, Depends(_paging)]


def page_of(items: Iterable[T], *, kind: str, after: int | None) -> Listed[T]:
    """A page whose list goes on `after` a place, or ends."""
    return Listed(items=list(items), next=None if after is None else cursor_of(kind, after))


def cursor_of(kind: str, *parts: object) -> str:
    """Opaque to clients, and good for lists of this kind only."""
    text = ":".join([kind, *map(str, parts)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def open_cursor(cursor: str, *, kind: str, parts: int) -> list[str]:
    """What `cursor_of` was given. Raises PageCursorIsMalformed."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        found, *values = text.decode("ascii").split(":")
    except (binascii.Error, ValueError):
        raise PageCursorIsMalformed from None
    if found != kind or len(values) != parts:
        raise PageCursorIsMalformed
    return values


def number(text: str) -> int:
    """A place in a list. Raises PageCursorIsMalformed."""
    if not _NUMBER.fullmatch(text):
        raise PageCursorIsMalformed
    return int(text)
