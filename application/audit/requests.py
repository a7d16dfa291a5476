"""Every request to a model in a thread: as it was recorded, as it is written again, what came."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from application.audit.reads import BlobReads
from application.ports import AnyRecorded
from domain.catalogue import BY_TYPE
from domain.completion_events import (
    Chunk,
    CompletionCancelled,
    CompletionFailed,
    CompletionFinished,
    CompletionInterrupted,
    MessageRecorded,
    ModelRequested,
)
from domain.jsonvalue import JsonObject
from domain.refusals import CompletionNotFound

if TYPE_CHECKING:
    from application.evidence import Evidence

_ENDINGS = (CompletionInterrupted, CompletionFinished, CompletionFailed, CompletionCancelled)


@dataclass(frozen=True)
class ProviderRequest:
    """One request, and what came of it."""

    completion_id: UUID
    position: int
    at: int  # microseconds since 1970
    asked: ModelRequested
    body: bytes | None  # as it is written again; None: `why_not`
    sha256: str | None  # of that body
    equal: bool  # to what was recorded before it was sent
    why_not: str  # it cannot be written again, or may differ
    answer: JsonObject | None  # the provider's message, exactly as it was recorded
    ended: AnyRecorded | None  # how the attempt ended; None: it has not


async def requests_of(
    events: Sequence[AnyRecorded],
    blobs: BlobReads,
    *,
    completion_id: UUID | None = None,
    attempt: int | None = None,
) -> list[ProviderRequest]:
    """In order of position, from a thread's events without chunks. Sends nothing.

    Raises CompletionNotFound where `completion_id` is none of the thread's. The models' libraries
    are imported, and do their work, in a thread of their own.
    """
    streams = _completions(events)
    if completion_id is not None:
        if completion_id not in streams:
            raise CompletionNotFound
        streams = {completion_id: streams[completion_id]}
    kept = _Kept(events, blobs, asyncio.get_running_loop())
    evidence = await asyncio.to_thread(_evidence, kept, list(streams))
    told = [
        _told(one, streams[stream])
        for stream, of_stream in zip(streams, evidence, strict=True)
        for one in of_stream
        if attempt is None or one.asked.attempt == attempt
    ]
    return sorted(told, key=lambda one: one.position)


@dataclass(frozen=True)
class _Kept:
    """The thread's events, which were read, and its blobs, which the caller's loop gets."""

    events: Sequence[AnyRecorded]
    blobs: BlobReads
    loop: asyncio.AbstractEventLoop

    async def read_stream(self, stream_id: UUID, *, chunks: bool = True) -> list[AnyRecorded]:
        return [
            one
            for one in self.events
            if one.stream_id == stream_id and (chunks or not isinstance(one.event, Chunk))
        ]

    async def read_thread(self, thread_id: UUID) -> list[AnyRecorded]:
        return [one for one in self.events if one.thread_id == thread_id]

    async def get(self, owner_id: UUID, sha256: str) -> bytes | None:
        getting = self.blobs.get(owner_id, sha256)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(getting, self.loop))


def _evidence(kept: _Kept, completions: Sequence[UUID]) -> "list[list[Evidence]]":
    from application.evidence import evidence_of  # noqa: PLC0415  # seconds, and seldom needed

    async def of_all() -> "list[list[Evidence]]":
        return [await evidence_of(kept, kept, completion) for completion in completions]

    return asyncio.run(of_all())


def _completions(events: Sequence[AnyRecorded]) -> dict[UUID, list[AnyRecorded]]:
    """The streams of the completions that were begun, in that order."""
    streams: dict[UUID, list[AnyRecorded]] = {}
    for one in events:
        if BY_TYPE[type(one.event)].name.startswith("completion."):
            streams.setdefault(one.stream_id, []).append(one)
    return streams


def _told(found: "Evidence", stream: Sequence[AnyRecorded]) -> ProviderRequest:
    later = [one for one in stream if one.position > found.position]
    asked = next(one for one in stream if one.position == found.position)
    why_not = found.why_not
    if not why_not and not found.equal and found.other_sdk is not None:
        why_not = f"it was written by {found.asked.sdk}, this is {found.other_sdk}"
    return ProviderRequest(
        completion_id=asked.stream_id,
        position=asked.position,
        at=asked.at,
        asked=found.asked,
        body=found.body,
        sha256=found.sha256,
        equal=found.equal,
        why_not=why_not,
        answer=_answer(later),
        ended=next((one for one in later if isinstance(one.event, _ENDINGS)), None),
    )


def _answer(later: Sequence[AnyRecorded]) -> JsonObject | None:
    """What was recorded of the model's response before anything else was asked or it ended."""
    for one in later:
        match one.event:
            case MessageRecorded(message=message) if message["kind"] == "response":
                return message
            case ModelRequested() | CompletionInterrupted():
                return None
            case _:
                pass
    return None
