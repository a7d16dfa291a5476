"""What tools return: a result with its status, for people and for the model."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Generic, Literal, Protocol, TypeAlias, TypeVar, cast, get_args
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, model_validator
from pydantic_core import to_jsonable_python

from application.storable import storable
from application.tool_text import as_text
from domain.jsonvalue import JsonObject

ResultStatus: TypeAlias = Literal["completed", "pending", "error", "failed"]
ErrorCode: TypeAlias = Literal["validation_error", "rate_limit", "not_found", "permission_denied"]
FailureCode: TypeAlias = Literal["internal_error", "timeout", "unhandled_exception"]

MESSAGE_CHARACTERS = 1_000
STARTED = "The tool works in the background. Its result comes later."

T = TypeVar("T")


class Dispatched(Protocol):
    """A background tool's execution, as far as a result names it."""

    @property
    def id(self) -> UUID:
        """Its own."""
        ...


def _text(given: object) -> str:
    return storable(given if isinstance(given, str) else str(given))


def _short(given: object) -> object:
    return None if given is None else _text(given)[:MESSAGE_CHARACTERS]


Text: TypeAlias = Annotated[str, BeforeValidator(_text)]
ShortText: TypeAlias = Annotated[str | None, BeforeValidator(_short)]


class TextContent(BaseModel, frozen=True):
    """Text for the model; `{"type": "text", "text": …}` stands for it."""

    type: Literal["text"] = "text"
    text: Text


ContentParts: TypeAlias = Sequence[TextContent | dict[str, str]]


class ToolResultBase(BaseModel, frozen=True):
    """Every result: `message` is for people, `content_parts` are what the model reads.

    Without parts the model reads what the result itself says.
    """

    status: ResultStatus
    message: ShortText = None
    content_parts: tuple[TextContent, ...] = ()
    timestamp: datetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def text(self) -> str:
        """What the model reads, uncut."""
        return "\n\n".join(part.text for part in self.content_parts)

    def to_dict(self) -> JsonObject:
        """As JSON. What has none is told as text."""
        return to_jsonable_python(self, fallback=str, bytes_mode="base64")

    @classmethod
    def from_dict(cls, given: JsonObject) -> "ToolResult":
        """What `to_dict` gave, as the class of its status; data is plain JSON.

        Raises ValidationError.
        """
        return _results().validate_python(given)

    @model_validator(mode="before")
    @classmethod
    def _with_parts(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        fields = cast("dict[str, Any]", given)
        if fields.get("content_parts"):
            return fields
        return {**fields, "content_parts": [{"type": "text", "text": cls._own_words(fields)}]}

    @classmethod
    def _own_words(cls, fields: dict[str, Any]) -> str:
        words = fields.get("message") or fields.get("code") or cls.__name__
        return _text(words)


class CompletedResult(ToolResultBase, Generic[T], frozen=True):
    """The tool is done. The model reads the data as JSON, text as it is."""

    status: Literal["completed"] = "completed"
    data: T

    @classmethod
    def _own_words(cls, fields: dict[str, Any]) -> str:
        return as_text(fields.get("data"))


class PendingResult(ToolResultBase, frozen=True):
    """The work goes on elsewhere; `ref_type` and `ref_id` name it."""

    status: Literal["pending"] = "pending"
    ref_type: ShortText = None
    ref_id: ShortText = None

    @classmethod
    def _own_words(cls, fields: dict[str, Any]) -> str:
        return _text(fields.get("message") or STARTED)


class ErrorResult(ToolResultBase, frozen=True):
    """The tool could not do what was asked; asked otherwise, or later, it may."""

    status: Literal["error"] = "error"
    code: ErrorCode
    details: Any = None  # JSON, for people


class FailedResult(ToolResultBase, frozen=True):
    """The tool itself is at fault."""

    status: Literal["failed"] = "failed"
    code: FailureCode = "internal_error"
    details: Any = None  # JSON, for people


ToolResult: TypeAlias = CompletedResult[Any] | PendingResult | ErrorResult | FailedResult


def completed(
    data: T, message: str | None = None, *, content_parts: ContentParts | None = None
) -> CompletedResult[T]:
    """The tool is done; `data` is a pydantic model, a dataclass, or anything with a JSON form."""
    fields = _fields(message, content_parts)
    return CompletedResult[T].model_validate({**fields, "data": data})


def pending(
    message: str | None = None,
    *,
    content_parts: ContentParts | None = None,
    execution: Dispatched | None = None,
    ref_type: str | None = None,
    ref_id: str | UUID | None = None,
) -> PendingResult:
    """A background tool was dispatched: name its `execution`, or whatever else the work is."""
    if execution is not None and ref_id is None:
        ref_type, ref_id = ref_type or "tool_execution", execution.id
    fields = _fields(message, content_parts)
    return PendingResult.model_validate({**fields, "ref_type": ref_type, "ref_id": ref_id})


def validation_error(
    message: str | None = None, *, content_parts: ContentParts | None = None, details: object = None
) -> ErrorResult:
    """What was asked makes no sense."""
    return _error("validation_error", message, content_parts=content_parts, details=details)


def rate_limit_error(
    message: str | None = None, *, content_parts: ContentParts | None = None, details: object = None
) -> ErrorResult:
    """Asked too often."""
    return _error("rate_limit", message, content_parts=content_parts, details=details)


def not_found_error(
    message: str | None = None, *, content_parts: ContentParts | None = None, details: object = None
) -> ErrorResult:
    """There is no such thing."""
    return _error("not_found", message, content_parts=content_parts, details=details)


def permission_error(
    message: str | None = None, *, content_parts: ContentParts | None = None, details: object = None
) -> ErrorResult:
    """The user may not."""
    return _error("permission_denied", message, content_parts=content_parts, details=details)


def failed(
    code: FailureCode = "internal_error",
    message: str | None = None,
    *,
    content_parts: ContentParts | None = None,
    details: object = None,
) -> FailedResult:
    """The tool itself is at fault. A code that does not exist stands for internal_error."""
    known = code if code in get_args(FailureCode) else "internal_error"
    fields = _fields(message, content_parts)
    return FailedResult.model_validate({**fields, "code": known, "details": details})


def internal_error(
    message: str | None = None, *, content_parts: ContentParts | None = None, details: object = None
) -> FailedResult:
    """Something broke."""
    return failed("internal_error", message, content_parts=content_parts, details=details)


def timeout_error(
    message: str | None = None, *, content_parts: ContentParts | None = None, details: object = None
) -> FailedResult:
    """It took too long."""
    return failed("timeout", message, content_parts=content_parts, details=details)


def _error(
    code: ErrorCode, message: str | None, *, content_parts: ContentParts | None, details: object
) -> ErrorResult:
    fields = _fields(message, content_parts)
    return ErrorResult.model_validate({**fields, "code": code, "details": details})


def _fields(message: str | None, content_parts: ContentParts | None) -> dict[str, Any]:
    return {"message": message, "content_parts": content_parts}


@cache
def _results() -> TypeAdapter[ToolResult]:
    return TypeAdapter(Annotated[ToolResult, Field(discriminator="status")])
