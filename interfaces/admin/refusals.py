"""Why a page is refused before anything else is asked."""

from domain.refusals import Refusal


class NotSignedIn(Refusal):
    """Sign in first: nobody is signed in here, or the session is over."""


class FromElsewhere(Refusal):
    """This was sent from another site, so nothing was done. Open the page here and try again."""


class FormIsMalformed(Refusal):
    """The form did not arrive as it was sent. Reload the page and try again."""
