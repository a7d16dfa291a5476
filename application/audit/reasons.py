"""Why somebody reads: words that stand in the log for ever."""

from application.audit.refusals import AuditReasonMissing

MOST_CHARACTERS = 500


def reason_of(text: str | None) -> str:
    """The reason without the space around it. Raises AuditReasonMissing."""
    reason = (text or "").strip()
    if not 0 < len(reason) <= MOST_CHARACTERS or not reason.isprintable():
        raise AuditReasonMissing
    return reason
