"""The record of one request, and the count of those that are open at once."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.model_server.turn import Protocol

Frame = tuple[bool, bytes]
"""(whether it is a delta of text, reasoning or arguments, the bytes): only deltas are paced."""

End = Literal["open", "complete", "refused", "hung up", "cut"]


@dataclass(eq=False, slots=True)
class Exchange:
    """A request as it arrived and how it ended. Times are `time.monotonic()`."""

    number: int
    protocol: Protocol
    key: str
    """What the server's `key_pattern` found in the body; empty when nothing."""
    body: bytes
    """Exactly as received."""
    headers: dict[str, str]
    arrived_at: float
    model: str = ""
    step: int = 0
    frames: int = 0
    """Sent so far."""
    deltas: int = 0
    """Frames among them that carry text, reasoning or arguments."""
    end: End = "open"
    """`complete` also after a fault that ends cleanly; `hung up` when the client went first."""
    ended_at: float | None = None
    counted: bool = False
    """The whole answer was sent, and with it its usage: what was said under an id is kept."""
    complaints: list[str] = field(default_factory=list[str])
    """What the provider would find wrong with it; then it is refused."""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def input_tokens(self) -> int:
        """What the answer's usage says."""
        return len(self.body) // 4


@dataclass(eq=False, slots=True)
class Ledger:
    """All exchanges, in order of arrival. Written on the server's thread, read from any."""

    keep: bool = True
    """Whether finished exchanges stay in `exchanges`."""
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    total: int = 0
    open_now: int = 0
    open_most: int = 0
    open_by_key: Counter[str] = field(default_factory=Counter[str])
    open_most_by_key: Counter[str] = field(default_factory=Counter[str])
    """The most requests of one key that were ever open at once."""
    complaints: list[str] = field(default_factory=list[str])
    """About all requests; a test that makes some on purpose clears them."""

    def arrive(
        self, protocol: Protocol, key: str, body: bytes, headers: dict[str, str]
    ) -> Exchange:
        self.total += 1
        exchange = Exchange(self.total, protocol, key, body, headers, time.monotonic())
        if self.keep:
            self.exchanges.append(exchange)
        self.open_now += 1
        self.open_most = max(self.open_most, self.open_now)
        self.open_by_key[key] += 1
        self.open_most_by_key[key] = max(self.open_most_by_key[key], self.open_by_key[key])
        return exchange

    def finish(self, exchange: Exchange, end: End) -> None:
        """The first end counts."""
        if exchange.end != "open":
            return
        exchange.ended_at = time.monotonic()
        exchange.end = end
        self.open_now -= 1
        self.open_by_key[exchange.key] -= 1

    def summary(self) -> dict[str, Any]:
        return {
            "total": self.total,
            "open_now": self.open_now,
            "open_most": self.open_most,
            "open_most_of_one_key": max(self.open_most_by_key.values(), default=0),
        }
