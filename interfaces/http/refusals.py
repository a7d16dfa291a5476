"""Why a request is refused before the application is asked."""

from domain.refusals import Refusal


class NotAuthenticated(Refusal):
    """Send a valid key: Authorization: Bearer KEY."""


class BodyTooLarge(Refusal):
    """The body is larger than 1 MiB."""


class BodyTooSlow(Refusal):
    """The body did not arrive in time."""


class BodyIsIncomplete(Refusal):
    """The connection ended before the body did."""


class BodyIsNotJson(Refusal):
    """The body is not JSON in UTF-8."""


class BodyTooDeep(Refusal):
    """The body is nested deeper than 64 levels."""


class MediaTypeNotSupported(Refusal):
    """Send the body as application/json in UTF-8."""


class IdempotencyKeyIsMalformed(Refusal):
    """An Idempotency-Key is one header of 1 to 200 printable ASCII characters."""


class IdIsChosenTwice(Refusal):
    """Send either an id or an Idempotency-Key, not both."""


class PageCursorIsMalformed(Refusal):
    """The cursor is not one that this list has given."""


class AnswerTookTooLong(Refusal):
    """The database took too long to answer."""


class NotShownYet(Refusal):
    """The read tables have not come that far yet. Try again in a second."""
