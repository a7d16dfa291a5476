"""What a model was asked, rebuilt from the log alone and compared with what the log says of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast
from uuid import UUID

import httpx2
from pydantic_ai import Agent, RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.models import ModelRequestContext, ModelRequestParameters
from pydantic_ai.settings import ModelSettings

from application.audit.reads import BlobReads, ThreadReads
from application.history import messages_told, recorded_message
from application.models import build_model
from application.ports import AnyRecorded
from application.witness import parameters_of, sdk
from domain.completion_events import MessageRecorded, ModelRequested
from domain.refusals import CompletionNotFound


class CannotRebuild(Exception):
    """The request cannot be rebuilt."""


@dataclass(frozen=True)
class Evidence:
    """One request to a model: as the log tells of it, and as it is written again."""

    position: int
    asked: ModelRequested
    body: bytes | None = None  # as rebuilt
    why_not: str = ""  # where it is not

    @property
    def sha256(self) -> str | None:
        """Of the rebuilt body."""
        return None if self.body is None else hashlib.sha256(self.body).hexdigest()

    @property
    def was_sent(self) -> bool:
        """Has anything left the process?"""
        return self.asked.body_sha256 is not None

    @property
    def equal(self) -> bool:
        """Is every byte the same?"""
        return self.was_sent and self.asked.body_sha256 == self.sha256

    @property
    def other_sdk(self) -> str | None:
        """The version that writes requests now, if it is not the one that wrote this one."""
        return None if self.asked.sdk == sdk() else sdk()


async def evidence_of(log: ThreadReads, blobs: BlobReads, completion_id: UUID) -> list[Evidence]:
    """Every request of a completion, in order. Sends nothing.

    Raises CompletionNotFound, and LogUnavailable as a read.
    """
    stream = await log.read_stream(completion_id, chunks=False)
    if not stream or stream[0].thread_id is None:
        raise CompletionNotFound
    thread = await log.read_thread(stream[0].thread_id)
    witnessed = _Witnessed(stream, {one.position: one for one in thread}, blobs)
    return [
        await witnessed.evidence(one) for one in stream if isinstance(one.event, ModelRequested)
    ]


@dataclass(frozen=True)
class _Witnessed:
    """What the log holds of one completion and of all that came before it."""

    stream: Sequence[AnyRecorded]
    thread: Mapping[int, AnyRecorded]  # by position
    blobs: BlobReads

    async def evidence(self, recorded: AnyRecorded) -> Evidence:
        asked = cast("ModelRequested", recorded.event)
        if asked.body_sha256 is None:
            return Evidence(recorded.position, asked, why_not="answered inside the process")
        try:
            return Evidence(recorded.position, asked, body=await self._body(recorded, asked))
        except Exception as error:  # noqa: BLE001 - of whatever kind, it is told
            return Evidence(recorded.position, asked, why_not=f"{type(error).__name__}: {error}")

    async def _body(self, recorded: AnyRecorded, asked: ModelRequested) -> bytes:
        if asked.named is None:
            raise CannotRebuild("the name of its model was not recorded")
        parameters = parameters_of(
            await self._blob(recorded, asked.tools),
            await self._blob(recorded, asked.instructions),
        )
        sent = [self.thread[position] for position in asked.messages]
        own = recorded.stream_id
        told = messages_told(
            [one for one in sent if not _is_own(one, own)], among=list(self.thread.values())
        )
        kept = [
            recorded_message(cast("MessageRecorded", one.event))
            for one in sent
            if _is_own(one, own)
        ]
        return await written(
            asked.named,
            base_url=asked.base_url,
            messages=[*told, *kept, *self._own(recorded, asked)],
            settings=cast("ModelSettings", asked.settings),
            parameters=parameters,
        )

    async def _blob(self, recorded: AnyRecorded, sha256: str | None) -> bytes | None:
        if sha256 is None:
            return None
        assert recorded.owner_id is not None
        content = await self.blobs.get(recorded.owner_id, sha256)
        if content is None:
            raise CannotRebuild(f"the blob {sha256} is not kept")
        return content

    def _own(self, recorded: AnyRecorded, asked: ModelRequested) -> list[ModelMessage]:
        """What the attempt had recorded when it asked."""
        return ModelMessagesTypeAdapter.validate_python(
            [
                one.event.message
                for one in self.stream
                if isinstance(one.event, MessageRecorded)
                and one.event.attempt == asked.attempt
                and one.position < recorded.position
            ]
        )


def _is_own(recorded: AnyRecorded, completion_id: UUID) -> bool:
    """Was it recorded for this completion, by an earlier attempt?"""
    return recorded.stream_id == completion_id and isinstance(recorded.event, MessageRecorded)


async def written(
    name: str,
    *,
    base_url: str | None,
    messages: Sequence[ModelMessage],
    settings: ModelSettings,
    parameters: ModelRequestParameters,
) -> bytes:
    """The body of the HTTP request that asks this of the model; nothing leaves the process.

    `base_url` counts: what a provider knows by an id is sent to that provider only.
    """
    desk = _Desk()
    given = _Given(list(messages), settings, parameters)
    async with httpx2.AsyncClient(transport=desk) as client:
        agent = Agent(build_model(name, client=client, key="none", base_url=base_url))
        try:
            async with agent.iter("", capabilities=[given]) as run:
                async for node in run:
                    if Agent.is_model_request_node(node):
                        async with node.stream(run.ctx) as stream:
                            async for _ in stream:
                                pass
        except Exception:
            if desk.body is None:
                raise
    assert desk.body is not None
    return desk.body


class _Desk(httpx2.AsyncBaseTransport):
    """Takes the first request and answers nothing."""

    def __init__(self) -> None:
        self.body: bytes | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.body = await request.aread()
        raise httpx2.ConnectError("nothing is sent", request=request)


@dataclass
class _Given(AbstractCapability[Any]):
    """Puts what was recorded where a run has what it will send, at the point of its recording."""

    messages: list[ModelMessage]
    settings: ModelSettings
    parameters: ModelRequestParameters

    async def prepare_model_request(
        self, ctx: RunContext[Any], request_context: ModelRequestContext
    ) -> ModelRequestContext:
        return replace(
            request_context,
            messages=self.messages,
            model_settings=self.settings,
            model_request_parameters=self.parameters,
        )
