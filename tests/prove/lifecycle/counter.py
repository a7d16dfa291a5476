"""The world outside: it counts what tools do to it, may keep them waiting, and hears them stop."""

import asyncio
import json
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

from tests.server_thread import ServerThread
from tests.system.stack import eventually

LOOK_SECONDS = 0.005


@dataclass(frozen=True)
class Effect:
    """One effect that a tool had out here. Times are `time.monotonic()`."""

    tool: str
    key: str  # the tool's idempotency key
    tag: str  # of the conversation
    at: float
    more: dict[str, Any] = field(default_factory=dict[str, Any])


class Counter:
    """`with Counter() as counter:` listens on `counter.url` until the block ends.

    `POST /effect` counts and answers after `hold` seconds, or when the conversation is let go; only
    the first effect of a key is held. `POST /stopped` notes that a
    tool was told to stop.
    """

    def __init__(self) -> None:
        self.effects: defaultdict[str, list[Effect]] = defaultdict(list)
        """By tag, in the order in which they came."""
        self.stopped: dict[str, float] = {}
        """By tag, when its tool caught its CancelledError, as that process's clock had it."""
        self._released: set[str] = set()
        self._server = ServerThread(self, name="counter")
        self.url = self._server.url

    def release(self, *tags: str) -> None:
        """Let what these conversations hold go on."""
        self._released.update(tags)

    def times(self, tag: str, tool: str) -> int:
        """How often a tool had its effect for a conversation."""
        return sum(one.tool == tool for one in self.effects[tag])

    def by_key(self) -> dict[tuple[str, str], list[Effect]]:
        """All effects, by tool and key."""
        found: defaultdict[tuple[str, str], list[Effect]] = defaultdict(list)
        for effects in list(self.effects.values()):
            for one in effects:
                found[one.tool, one.key].append(one)
        return dict(found)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, whole = b"", False
        while not whole:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, whole = body + message.get("body", b""), not message.get("more_body", False)
        fields: dict[str, Any] = json.loads(body)
        if scope["path"] == "/stopped":
            self.stopped[fields["tag"]] = fields["at"]
        else:
            await self._count(fields, receive)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def _count(self, fields: dict[str, Any], receive: Any) -> None:
        tool, key, tag = fields.pop("tool"), fields.pop("key"), fields.pop("tag")
        seconds = fields.pop("hold")
        is_first = all((one.tool, one.key) != (tool, key) for one in self.effects[tag])
        self.effects[tag].append(Effect(tool, key, tag, time.monotonic(), fields))
        if not is_first:
            return
        leaving = asyncio.ensure_future(receive())
        with suppress(AssertionError):
            await eventually(
                lambda: tag in self._released or leaving.done(),
                seconds=seconds,
                every_seconds=LOOK_SECONDS,
            )
        leaving.cancel()
