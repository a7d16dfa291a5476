"""Results of tools that somebody outside works on, delivered with the execution's own token."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Security
from fastapi.security import HTTPBearer
from pydantic import Field, model_validator

from application.commands import executions as commands
from application.commands.executions import DeliverResult, check_result_token
from domain.execution_events import ExecutionFailed, ExecutionFailureType
from domain.jsonvalue import JsonObject
from domain.refusals import ResultTokenInvalid
from interfaces.http.authentication import shown_key
from interfaces.http.fields import Reason
from interfaces.http.json_body import Body, Sent, described, json_body
from interfaces.http.refusals import NotAuthenticated
from interfaces.http.resources import Here
from interfaces.http.tool_executions import ExecutionStands

router = APIRouter(tags=["tool executions"])

_scheme = HTTPBearer(
    scheme_name="ResultToken", auto_error=False, description="The token of one tool execution"
)


class ToolError(Body):
    """Why there is no result."""

    message: Annotated[Reason, Field(min_length=1)]
    type: ExecutionFailureType = "internal_error"


class ToolResult(Body):
    """A `result`, or the `error` that there is instead."""

    result: JsonObject | None = None
    error: ToolError | None = None

    @model_validator(mode="after")
    def _check(self) -> "ToolResult":
        if (self.result is None) == (self.error is None):
            raise ValueError("send either result or error")
        return self

    @property
    def delivery(self) -> commands.Delivery:
        """As the application has it."""
        if self.error is not None:
            return ExecutionFailed(self.error.type, self.error.message)
        assert self.result is not None
        return self.result


async def result_token(
    request: Request, here: Here, execution_id: UUID, _: Annotated[object, Security(_scheme)]
) -> str:
    """The execution's token, checked before anything else is read. Raises ResultTokenInvalid."""
    try:
        token = shown_key(request)
    except NotAuthenticated:
        raise ResultTokenInvalid from None
    await check_result_token(here.application, execution_id, token=token)
    return token


@router.post(
    "/tool-executions/{execution_id}/result",
    status_code=202,
    openapi_extra=described(ToolResult),
)
async def deliver_result(
    here: Here,
    token: Annotated[str, Depends(result_token)],
    execution_id: UUID,
    sent: Annotated[Sent[ToolResult], Depends(json_body(ToolResult))],
) -> ExecutionStands:
    """Say what came of a tool that works elsewhere. The first result counts; the same one again
    is answered alike."""
    deliver = DeliverResult(execution_id, token, sent.body.delivery)
    stands = await commands.deliver_result(here.application, deliver)
    return ExecutionStands(status=stands.status, position=stands.position)
