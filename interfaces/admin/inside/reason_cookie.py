"""Why an auditor reads: kept in the browser until it is closed, for this auditor alone."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from fastapi import Request, Response

from application.audit.reasons import reason_of
from application.audit.refusals import AuditReasonMissing
from application.commands.context import Principal
from interfaces.admin.viewer import is_over_https

COOKIE = "threadlog-reason"
PATH = "/"  # the live stream of a page is asked for it, too
MOST_CHARACTERS = 200


def short_reason_of(text: str) -> str:
    """The reason without the space around it. Raises AuditReasonMissing."""
    reason = reason_of(text)
    if len(reason) > MOST_CHARACTERS:
        raise AuditReasonMissing
    return reason


def kept_reason(request: Request, by: Principal) -> str | None:
    """What this auditor has given here; None where nobody has, or somebody else."""
    reader, _, encoded = request.cookies.get(COOKIE, "").partition(".")
    if reader != by.user_id.hex:
        return None
    try:
        return short_reason_of(urlsafe_b64decode(encoded).decode())
    except (ValueError, AuditReasonMissing):
        return None


def keep_reason(answer: Response, request: Request, reason: str, *, by: Principal) -> None:
    """Let the browser say it with every page."""
    answer.set_cookie(
        COOKIE,
        f"{by.user_id.hex}.{urlsafe_b64encode(reason.encode()).decode()}",
        path=PATH,
        secure=is_over_https(request),
        httponly=True,
        samesite="strict",
    )
