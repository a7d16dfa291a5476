"""Identifiers: time-ordered for what we begin, derived for what follows from something else."""

import os
import time
from uuid import NAMESPACE_URL, UUID, uuid5

NAMESPACE = uuid5(NAMESPACE_URL, "threadlog")


def uuid7() -> UUID:
    """A new time-ordered id (RFC 9562, version 7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value &= ~(0xF << 76 | 0x3 << 62)
    return UUID(int=value | 0x7 << 76 | 0x2 << 62)


def chosen_by_key(owner_id: UUID, *, route: str, key: str) -> UUID:
    """The id that an `Idempotency-Key` stands for: the same for ever, without a table."""
    return uuid5(owner_id, f"{route} {key}")


def first_message_of(thread_id: UUID) -> UUID:
    """The message that a thread is started with, when nobody chose its id."""
    return uuid5(thread_id, "first message")


def completion_of(thread_id: UUID, *, message_id: UUID) -> UUID:
    """The completion that answers a message when it is first asked."""
    return uuid5(thread_id, f"completion {message_id}")


def follow_up_of(thread_id: UUID, *, execution_id: UUID) -> UUID:
    """The completion that goes on by itself when this result, or this one first, has come."""
    return uuid5(thread_id, f"follow-up {execution_id}")


def execution_of(completion_id: UUID, *, tool_call_id: str) -> UUID:
    """Dispatching a tool call twice is dispatching it once."""
    return uuid5(completion_id, tool_call_id)


def agents_stream() -> UUID:
    """The one stream of what the workers say of their agents."""
    return uuid5(NAMESPACE, "agents")


def projection_stream(name: str) -> UUID:
    """The stream of what operators did to a read model."""
    return uuid5(NAMESPACE, f"projection {name}")


def analyst_stream(login: str) -> UUID:
    """The stream of what operators did to an analyst's login."""
    return uuid5(NAMESPACE, f"analyst {login}")


def access_stream(actor: str, *, day: str) -> UUID:
    """The stream of what somebody without a key has read or copied on a day, as ISO 8601."""
    return uuid5(NAMESPACE, f"access {actor} {day}")
