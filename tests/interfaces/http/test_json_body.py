"""Bodies that do not come to their end."""

import asyncio
from typing import Any

import pytest
from fastapi import Request

from interfaces.http.json_body import Body, json_body
from interfaces.http.refusals import BodyIsIncomplete, BodyTooSlow

HEADERS = [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")]
BEGUN = {"type": "http.request", "body": b"{", "more_body": True}


class Anything(Body):
    """Nothing in particular."""


def request(*messages: dict[str, Any]) -> Request:
    """A request whose body begins like this and never goes on."""
    begun = iter(messages)

    async def receive() -> dict[str, Any]:
        for message in begun:
            return message
        return await asyncio.get_running_loop().create_future()

    return Request({"type": "http", "method": "POST", "headers": HEADERS}, receive)


async def test_a_body_that_does_not_go_on_is_given_up() -> None:
    read = json_body(Anything, most_seconds=0.05)
    with pytest.raises(BodyTooSlow):
        await read(request(BEGUN))


async def test_a_client_that_leaves_in_the_middle_is_no_error_of_ours() -> None:
    read = json_body(Anything)
    with pytest.raises(BodyIsIncomplete):
        await read(request(BEGUN, {"type": "http.disconnect"}))
