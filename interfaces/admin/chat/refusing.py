"""What was refused, told where it was tried, with what to do about it and nothing lost."""

import json
from collections.abc import Mapping
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from application.commands.context import Principal
from application.ports import LogUnavailable, OutcomeUnknown
from domain import refusals as domain
from domain.ids import uuid7
from domain.refusals import Refusal
from infrastructure.read_database import ReadTablesUnavailable
from interfaces.admin.forms import Fields
from interfaces.admin.pages import is_fragment_wanted, notice, page
from interfaces.http.problems import RequestInvalid, told

REFUSED = (Refusal, LogUnavailable, OutcomeUnknown, ReadTablesUnavailable)
WRITTEN = ("text", "message", "title")  # fields that a person fills in
IDS = ("id", "message_id")  # by which a form that is sent twice is known
NEW_ID = "threadlog:id"  # the event by which a form gets the id of its next message

_ADVICE: Mapping[type[Exception], str] = {
    domain.ThreadIsArchived: "Start a new conversation to go on.",
    domain.ThreadIsBusy: "Let the message wait, or stop the answer first.",
    domain.MessageAlreadyDelivered: "Stop its answer instead.",
    domain.MessageNotFound: "Reload the page to see what waits.",
    domain.BodyDiffers: "What you wrote first was sent already. Send again to send this too.",
    domain.AgentNotFound: "Choose another agent.",
    domain.CompletionHasEnded: "Reload the page to see how it ended.",
    domain.ApprovalNotAsked: "Reload the page to see what became of it.",
    domain.ApprovalAlreadyAnswered: "Reload the page to see what was decided.",
    domain.ThreadNotFound: "See your conversations for what there is.",
    LogUnavailable: "Try again in a moment: your text is still here.",
    OutcomeUnknown: "Send it again: it will not be there twice.",
    ReadTablesUnavailable: "Try again in a moment.",
}


def advised(refusal: Exception) -> tuple[int, str]:
    """Status, and a sentence with what to do."""
    if isinstance(refusal, RequestInvalid):
        return 422, _wrong(refusal)
    status, text = told(refusal)
    if isinstance(refusal, LogUnavailable):
        text = "The database cannot be reached, so nothing was sent."
    if isinstance(refusal, OutcomeUnknown):
        text = "The database went away meanwhile, so nobody knows whether this was sent."
    if isinstance(refusal, domain.BodyDiffers):
        text = "The text has changed since it was sent."
    advice = next((_ADVICE[kind] for kind in type(refusal).__mro__ if kind in _ADVICE), "")
    return status, f"{text} {advice}".rstrip()


def refused(
    request: Request,
    refusal: Exception,
    *,
    by: Principal,
    filled: Fields,
    back: str,
) -> Response:
    """For htmx a notice beside the form, which keeps its text; else the form once more, filled in.

    `back`: where somebody goes who gives up.
    """
    status, text = advised(refusal)
    is_stale = isinstance(refusal, domain.BodyDiffers)
    if is_fragment_wanted(request):
        return _notice(text, status=status, is_stale=is_stale)
    sent = {name: value for name, value in filled.items() if isinstance(value, str)}
    hidden = {name: value for name, value in sent.items() if name not in WRITTEN}
    if is_stale:
        hidden |= {name: str(uuid7()) for name in IDS if name in hidden}
    return page(
        request,
        "chat/refused.html",
        by=by,
        status=status,
        text=text,
        written={name: value for name, value in sent.items() if name in WRITTEN},
        hidden=hidden,
        back=back,
    )


def _notice(text: str, *, status: int, is_stale: bool) -> Response:
    """`is_stale`: the form's id was used for another text, so it gets a new one."""
    answer = notice(text, status=status)
    if is_stale:
        answer.headers["hx-trigger"] = next_id(uuid7())
    return answer


def next_id(message_id: UUID) -> str:
    """The header that gives a form the id of its next message."""
    return json.dumps({NEW_ID: {"id": str(message_id)}})


def _wrong(refusal: RequestInvalid) -> str:
    """About the first field that is wrong."""
    error = refusal.errors[0]
    name = str(error["loc"][-1]) if error["loc"] else "form"
    if name not in WRITTEN:
        return f"The form did not arrive as it was sent ({name}). Reload the page and try again."
    what = "title" if name == "title" else "message"
    if error["msg"] == "Field required" or "white space" in error["msg"]:
        return f"The {what} is empty. Write something first."
    if "at most" in error["msg"]:
        most = "200 characters" if name == "title" else "256 kB"
        return f"The {what} is too long: {most} is the most. Nothing is lost: shorten it."
    return f"The {what} cannot be kept: {error['msg']}."
