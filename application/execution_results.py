"""A background tool's result as its event: bounded, the whole of a large one in a blob."""

import hashlib
import json
from typing import cast
from uuid import UUID

from application.ports import BlobStore
from application.storable import storable, storable_json
from application.tool_text import bounded, is_long
from domain.execution_events import ExecutionFinished
from domain.jsonvalue import JsonObject


async def finished(
    blobs: BlobStore,
    owner_id: UUID,
    *,
    result: JsonObject,
    content: str | None = None,
    message: str | None = None,
) -> ExecutionFinished:
    """The event. `content` is what the model reads; without it, the result as JSON.

    The same result gives the same event. Raises what the blob store raises.
    """
    result = cast("JsonObject", storable_json(result))
    text = _as_json(result)
    told = bounded(text if content is None else storable(content))
    if not is_long(text):
        return ExecutionFinished(result, told, message)
    sha256 = await blobs.put(owner_id, text.encode(), media_type="application/json")
    return ExecutionFinished(None, told, message, sha256)


def is_result_of(event: ExecutionFinished, result: JsonObject) -> bool:
    """Does the event tell of this result? As JSON, because to Python 1 is the same as True."""
    text = _as_json(result)
    if event.result_sha256 is not None:
        return hashlib.sha256(text.encode()).hexdigest() == event.result_sha256
    return event.result is not None and _as_json(event.result) == text


async def whole_result(
    blobs: BlobStore, owner_id: UUID, *, result: JsonObject | None, sha256: str | None
) -> JsonObject | None:
    """What the tool gave, wherever it stands. Raises what the blob store raises."""
    if sha256 is None:
        return result
    content = await blobs.get(owner_id, sha256)
    return None if content is None else json.loads(content)


def _as_json(result: JsonObject) -> str:
    """In one form only, whatever the order of its names."""
    return json.dumps(result, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
