"""Errors as RFC 9457 problems: one table of status codes, one shape for all."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from application.audit import refusals as audit
from application.commands.keys import KeyIsShownOnce
from application.ports import LogUnavailable, OutcomeUnknown
from domain import refusals as domain
from infrastructure.read_database import ReadTablesUnavailable
from interfaces.admin import refusals as pages
from interfaces.http import cursor, refusals, stream_places

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
SHOWN_CHARACTERS = 100  # of a field's name, which a client may have made up

STATUS: Mapping[type[Exception], int] = {
    domain.ThreadNotFound: 404,
    domain.ThreadIsArchived: 409,
    domain.ThreadIsBusy: 409,
    domain.MessageNotFound: 404,
    domain.ParentNotFound: 422,
    domain.MessageAlreadyDelivered: 409,
    domain.CompletionNotFound: 404,
    domain.ExecutionNotFound: 404,
    domain.IdIsTaken: 409,
    domain.BodyDiffers: 422,
    domain.AgentNotFound: 422,
    domain.CompletionHasEnded: 409,
    domain.ApprovalNotAsked: 404,
    domain.ApprovalAlreadyAnswered: 409,
    domain.ExecutionHasEnded: 409,
    domain.ResultNotAwaited: 409,
    domain.ResultTokenInvalid: 401,
    domain.KeyNotFound: 404,
    domain.UserNotFound: 404,
    domain.SignInLinkInvalid: 410,
    KeyIsShownOnce: 409,
    domain.WebhookNotFound: 404,
    domain.WebhooksAreMany: 409,
    domain.NotPermitted: 403,
    audit.AuditReasonMissing: 422,
    audit.MomentIsMalformed: 400,
    audit.MomentsAreReversed: 400,
    audit.TimeIsAhead: 400,
    audit.ThreadNotStartedThen: 404,
    audit.EventCannotBeApplied: 409,
    cursor.CursorIsMalformed: 400,
    cursor.CursorsDiffer: 400,
    cursor.CursorOfAnotherThread: 404,
    cursor.CursorOfAnotherUser: 404,
    cursor.CursorIsAhead: 409,
    refusals.NotAuthenticated: 401,
    pages.NotSignedIn: 401,
    pages.FromElsewhere: 403,
    pages.FormIsMalformed: 400,
    refusals.BodyTooLarge: 413,
    refusals.BodyTooSlow: 408,
    refusals.BodyIsIncomplete: 400,
    refusals.BodyIsNotJson: 400,
    refusals.BodyTooDeep: 400,
    refusals.MediaTypeNotSupported: 415,
    refusals.IdempotencyKeyIsMalformed: 400,
    refusals.IdIsChosenTwice: 422,
    refusals.PageCursorIsMalformed: 400,
    domain.PositionIsAhead: 400,
    stream_places.StreamsAreMany: 429,
    stream_places.NoPlaceForStreams: 503,
    refusals.NotShownYet: 503,
    refusals.AnswerTookTooLong: 503,
    LogUnavailable: 503,
    OutcomeUnknown: 503,
    ReadTablesUnavailable: 503,
}
HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"www-authenticate": "Bearer"},
    429: {"retry-after": "5"},
    503: {"retry-after": "1"},
}


class FieldError(TypedDict):
    """What is wrong, and where: path, query, header or body, then the names and numbers inside."""

    loc: Sequence[str | int]
    msg: str


class RequestInvalid(domain.Refusal):
    """The request does not have the shape that it should have."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = errors
        super().__init__()


def invalid(errors: Sequence[Any], *, before: Sequence[str] = ()) -> RequestInvalid:
    """From pydantic's errors, without the input that they quote."""
    return RequestInvalid(
        [
            FieldError(
                loc=[*before, *map(_short, error["loc"])],
                msg=error["msg"].removeprefix("Value error, "),
            )
            for error in errors[:MOST_ERRORS]
        ]
    )


def problem(
    status: int,
    *,
    name: str,
    title: str,
    errors: Sequence[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer; `name` is that of a class, and stands in the type as /problems/in-this-form."""
    content: dict[str, object] = {
        "type": "/problems/" + re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower(),
        "title": title,
        "status": status,
    }
    if errors is not None:
        content["detail"] = "; ".join(f"{_place(error)}: {error['msg']}" for error in errors)
        content["errors"] = errors
    all_headers = {**HEADERS.get(status, {}), **(headers or {})}
    return JSONResponse(content, status, headers=all_headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of the application become a problem."""
    for kind in STATUS:
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(RequestInvalid, _invalid)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def told(refusal: Exception) -> tuple[int, str]:
    """Status and sentence of a refusal, for people."""
    if isinstance(refusal, RequestInvalid):
        return 422, "; ".join(f"{_place(error)}: {error['msg']}" for error in refusal.errors)
    kind = _kind(refusal)
    return STATUS[kind], _first_line(kind)


async def _refused(_: Request, error: Exception) -> Response:
    kind = _kind(error)
    return problem(STATUS[kind], name=kind.__name__, title=_first_line(kind))


def _kind(refusal: Exception) -> type[Exception]:
    return next(kind for kind in type(refusal).__mro__ if kind in STATUS)


async def _invalid(_: Request, error: Exception) -> Response:
    if isinstance(error, RequestValidationError):
        error = invalid(error.errors())
    assert isinstance(error, RequestInvalid)
    title = _first_line(RequestInvalid)
    return problem(422, name="RequestInvalid", title=title, errors=error.errors)


async def _http(_: Request, error: Exception) -> Response:
    """What the framework refuses: no such route, no such method."""
    assert isinstance(error, HTTPException)
    title = str(error.detail)
    name = title.title().replace(" ", "")
    return problem(error.status_code, name=name, title=title, headers=error.headers)


async def _unexpected(_: Request, error: Exception) -> Response:
    """The server logs the error; the client learns nothing of it."""
    return problem(500, name="InternalError", title="Something went wrong inside the server.")


def _first_line(kind: type[Exception]) -> str:
    return " ".join((kind.__doc__ or kind.__name__).split())


def _place(error: FieldError) -> str:
    return ".".join(map(str, error["loc"]))


def _short(part: object) -> str | int:
    return part if isinstance(part, int) else str(part)[:SHOWN_CHARACTERS]
