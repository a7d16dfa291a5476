"""Why an auditor's question is refused."""

from domain.refusals import Refusal


class AuditReasonMissing(Refusal):
    """Say why you read this in 1 to 500 printable characters: header Audit-Reason, or ?reason=."""


class MomentIsMalformed(Refusal):
    """A moment is a position of the log, or a time with its offset such as 2026-11-22T07:00:00Z."""


class TimeIsAhead(Refusal):
    """The time lies in the future."""


class ThreadNotStartedThen(Refusal):
    """The thread had not been started by then."""


class EventCannotBeApplied(Refusal):
    """The thread holds an event that cannot be applied."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(position, reason)
        self.position = position
        self.reason = reason

    def __str__(self) -> str:
        return f"The event at {self.position} cannot be applied: {self.reason}"


class MomentsAreReversed(Refusal):
    """The moment in `from` comes after the one in `to`."""
