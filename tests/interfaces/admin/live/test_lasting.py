"""A page's stream while nothing happens: it says that it lives, and ends when it should."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

import pytest
from starlette.types import Message

from infrastructure.audit.log import LiveLog
from interfaces.admin.conversation.reading import conversation_at
from interfaces.admin.conversation.shown import Shown
from interfaces.admin.live.shown_page import ShownPage
from interfaces.admin.live.stream import ConversationStream
from interfaces.http.lasting import StreamIsCut, StreamLimits
from tests.interfaces.admin.live.told import Told
from tests.interfaces.admin.visitors import Visitor
from tests.interfaces.http.house import House


async def yes() -> bool:
    return True


class Client:
    """Takes all that it is sent, and never leaves."""

    def __init__(self) -> None:
        self.body = b""
        self.has_ended = False

    async def receive(self) -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def has(self, words: bytes) -> None:
        while words not in self.body:  # noqa: ASYNC110  # it is looked up
            await asyncio.sleep(0.01)

    async def send(self, message: Message) -> None:
        self.body += message.get("body", b"")
        self.has_ended = message["type"] == "http.response.body" and not message["more_body"]


async def streamed(
    house: House,
    told: Told,
    *,
    limits: StreamLimits,
    is_allowed: Callable[[], Awaitable[bool]] = yes,
    client: Client,
) -> None:
    reader = house.log.reader
    conversation = await conversation_at(LiveLog(reader), told.thread_id)
    stream = ConversationStream(
        house.hub,
        ShownPage(Shown(conversation), reader=reader),
        place=nullcontext(),
        owner_id=told.owner_id,
        is_allowed=is_allowed,
        limits=limits,
    )
    await stream({"type": "http"}, client.receive, client.send)


@pytest.fixture
async def told(house: House, user: Visitor) -> Told:
    return await Told.of(house, user.api, await user.api.start("Tell me"))


async def test_it_begins_at_once_beats_in_silence_and_ends_cleanly(
    house: House, told: Told
) -> None:
    client = Client()
    limits = StreamLimits(comment_seconds=0.1, life_seconds=0.5)
    await streamed(house, told, limits=limits, client=client)
    begin, connected, *beats = client.body.decode().split("\n\n")[:-1]
    assert begin.startswith(": threadlog\nretry: ")
    assert connected == "event: connected\ndata: Chat stream connected"
    assert len(beats) >= 3
    assert set(beats) == {"event: beat\ndata: ."}
    assert client.has_ended


async def test_a_reader_who_may_read_no_longer_is_told_nothing_more(
    house: House, told: Told
) -> None:
    allowed, client = True, Client()

    async def is_allowed() -> bool:
        return allowed

    limits = StreamLimits(comment_seconds=0.3, recheck_seconds=0.0)
    streaming = asyncio.create_task(
        streamed(house, told, limits=limits, is_allowed=is_allowed, client=client)
    )
    async with asyncio.timeout(10):
        await client.has(b"connected")
        await told.say("For you. ")
        await client.has(b"For you.")
        allowed = False
        await told.say("Not for you.")
        with pytest.raises(StreamIsCut):
            await streaming
    assert b"Not for you." not in client.body
    assert not client.has_ended
