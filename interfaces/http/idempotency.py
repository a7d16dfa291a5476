"""Ids that a client chooses, by name or by an `Idempotency-Key`, so that a repeat is known."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request

from application.commands.context import Principal
from domain.ids import chosen_by_key, uuid7
from domain.refusals import BodyDiffers, IdIsTaken
from interfaces.http.refusals import IdempotencyKeyIsMalformed, IdIsChosenTwice

_KEY = re.compile(r"[ -~]{1,200}")


@dataclass(frozen=True)
class NewId:
    """The id of what a request makes."""

    id: UUID
    named: bool  # by the client, in the body


async def idempotency_key(
    request: Request, _: Annotated[str | None, Header(alias="Idempotency-Key")] = None
) -> str | None:
    """The header, where there is one. Raises IdempotencyKeyIsMalformed."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise IdempotencyKeyIsMalformed
    return keys[0]


IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]


def new_id(named: UUID | None, *, key: str | None, by: Principal, route: str) -> NewId:
    """The id that the client named or that its key stands for, else a new one.

    `route` is method and path, with ids in it where the path has them. Raises IdIsChosenTwice.
    """
    if named is not None and key is not None:
        raise IdIsChosenTwice
    if named is not None:
        return NewId(named, named=True)
    if key is not None:
        return NewId(chosen_by_key(by.user_id, route=route, key=key), named=False)
    return NewId(uuid7(), named=False)


@contextmanager
def one_effect(new: NewId) -> Generator[None]:
    """A named id with another body is taken; a key with another body is a mistake of the client."""
    try:
        yield
    except BodyDiffers:
        if new.named:
            raise IdIsTaken from None
        raise
