"""What an audit answers as JSON, over HTTP and on the command line."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import from_json, to_jsonable_python

from application.audit.difference import difference
from application.audit.requests import ProviderRequest
from application.audit.standing import Standing
from application.ports import AnyRecorded
from domain.catalogue import BY_TYPE

Row = dict[str, JsonValue]


class StandingView(BaseModel):
    """A thread as it stood after its event at `position`: the rows of its read tables then."""

    model_config = ConfigDict(from_attributes=True)

    position: int
    recorded_at: datetime
    thread: Row
    messages: list[Row]  # the path to the head; with `all` the tree
    completions: list[Row]  # `text`: of an answer under way what it had said by then
    tool_executions: list[Row]


class RowChangesView(BaseModel):
    """Rows that came or went, and what changed in others: by id and field, old and new."""

    model_config = ConfigDict(from_attributes=True)

    added: list[Row]
    removed: list[Row]
    changed: dict[str, dict[str, tuple[JsonValue, JsonValue]]]


class PlaceView(BaseModel):
    """The last event of the thread by the moment asked for."""

    model_config = ConfigDict(from_attributes=True)

    position: int
    recorded_at: datetime


class DifferenceView(BaseModel):
    """What leads from one standing of a thread to another."""

    from_: PlaceView = Field(serialization_alias="from")
    to: PlaceView
    thread: dict[str, tuple[JsonValue, JsonValue]]
    messages: RowChangesView
    completions: RowChangesView
    tool_executions: RowChangesView


def standing_view(stood: Standing, *, whole_tree: bool) -> StandingView:
    """The messages of the current branch, or of all."""
    shown = stood if whole_tree else replace(stood, messages=stood.branch())
    return StandingView.model_validate(shown)


def difference_view(old: Standing, new: Standing) -> DifferenceView:
    """What leads from the one to the other."""
    changes = difference(old, new)
    return DifferenceView(
        from_=PlaceView.model_validate(old),
        to=PlaceView.model_validate(new),
        thread=changes.thread,
        messages=RowChangesView.model_validate(changes.messages),
        completions=RowChangesView.model_validate(changes.completions),
        tool_executions=RowChangesView.model_validate(changes.tool_executions),
    )


class Ending(BaseModel):
    """How an attempt ended: the event."""

    position: int
    name: str
    data: dict[str, JsonValue]


class RequestView(BaseModel):
    """One request to a model."""

    completion_id: UUID
    position: int
    attempt: int
    step: int
    model: str  # as it is named here
    base_url: str | None
    settings: dict[str, JsonValue]
    sdk: str  # the libraries that wrote it
    body_sha256: str | None  # recorded before it was sent; null: nothing left the process
    body: JsonValue  # as it is written again from the log
    rebuilt_sha256: str | None
    equal: bool  # every byte of it
    why_not: str | None
    answer: dict[str, JsonValue] | None  # the provider's message, as it was recorded
    ended: Ending | None


class RequestsView(BaseModel):
    """In the order in which they were sent."""

    items: list[RequestView]


def request_view(one: ProviderRequest) -> RequestView:
    """As the API and `threadlog audit` show it."""
    asked = one.asked
    return RequestView(
        completion_id=one.completion_id,
        position=one.position,
        attempt=asked.attempt,
        step=asked.step,
        model=asked.named or asked.model,
        base_url=asked.base_url,
        settings=asked.settings,
        sdk=asked.sdk,
        body_sha256=asked.body_sha256,
        body=None if one.body is None else from_json(one.body),
        rebuilt_sha256=one.sha256,
        equal=one.equal,
        why_not=one.why_not or None,
        answer=one.answer,
        ended=None if one.ended is None else _ending(one.ended),
    )


def _ending(recorded: AnyRecorded) -> Ending:
    data: Mapping[str, JsonValue] = to_jsonable_python(recorded.event)
    name = BY_TYPE[type(recorded.event)].name
    return Ending(position=recorded.position, name=name, data=dict(data))
