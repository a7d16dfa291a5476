"""The OpenAPI document: what FastAPI sees, and the bodies and problems that it does not."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from interfaces.http.approvals import AnswerApproval
from interfaces.http.completions import Cancel, CancelAnswer
from interfaces.http.json_body import Body
from interfaces.http.keys import IssueKey
from interfaces.http.messages import PostMessage
from interfaces.http.problems import MEDIA_TYPE
from interfaces.http.threads import RenameThread, StartThread
from interfaces.http.tool_results import ToolResult
from interfaces.http.webhooks import ChangeWebhook, CreateWebhook, ReplayWebhook

BODIES: tuple[type[Body], ...] = (
    StartThread,
    RenameThread,
    PostMessage,
    Cancel,
    CancelAnswer,
    AnswerApproval,
    IssueKey,
    ToolResult,
    CreateWebhook,
    ChangeWebhook,
    ReplayWebhook,
)
PROBLEMS = {
    "400": "The request cannot be understood.",
    "401": "No valid key was sent.",
    "403": "The role of the key does not permit this.",
    "404": "There is no such thing, or it is somebody else's.",
    "409": "The present state forbids it.",
    "422": "The request does not have the right shape.",
    "503": "Something is away; try again.",
}
BODY_PROBLEMS = {
    "408": "The body did not arrive in time.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
}


class ProblemError(BaseModel):
    """What is wrong, and where."""

    loc: list[str | int]
    msg: str


class Problem(BaseModel):
    """An error, after RFC 9457."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[ProblemError] | None = None


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of an app."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, definitions = models_json_schema(
        [(model, "validation") for model in (*BODIES, Problem)],
        ref_template="#/components/schemas/{model}",
    )
    document["components"]["schemas"] |= definitions["$defs"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            if path.startswith("/v1"):
                operation["responses"] |= _problems(takes_body="requestBody" in operation)
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)
    return document


def _problems(*, takes_body: bool) -> dict[str, Any]:
    texts = PROBLEMS | BODY_PROBLEMS if takes_body else PROBLEMS
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": text, "content": content} for status, text in sorted(texts.items())
    }
