"""Approvals: let a tool of an answer run, or do not."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from application.commands import approvals as commands
from domain.completion import Status
from interfaces.http.authentication import Caller
from interfaces.http.fields import Reason
from interfaces.http.in_time import TimelyRoute
from interfaces.http.json_body import Body, Sent, described, json_body
from interfaces.http.resources import Here

router = APIRouter(tags=["completions"], route_class=TimelyRoute)


class AnswerApproval(Body):
    """Your decision on one tool call of a completion that waits."""

    tool_call_id: Annotated[str, Field(min_length=1, max_length=1000)]
    approved: bool
    reason: Reason | None = None


class Answered(BaseModel):
    """Where the completion stands: it waits while other calls are open."""

    model_config = ConfigDict(from_attributes=True)

    status: Status
    position: int


@router.post(
    "/completions/{completion_id}/approvals",
    status_code=202,
    openapi_extra=described(AnswerApproval),
)
async def answer_approval(
    here: Here,
    by: Caller,
    completion_id: UUID,
    sent: Annotated[Sent[AnswerApproval], Depends(json_body(AnswerApproval))],
) -> Answered:
    """Decide. Safe to repeat; another decision on the same call is refused."""
    command = commands.AnswerApproval(
        by=by,
        completion_id=completion_id,
        tool_call_id=sent.body.tool_call_id,
        approved=sent.body.approved,
        reason=sent.body.reason,
    )
    return Answered.model_validate(await commands.answer_approval(here.application, command))
