"""The forms of webhooks: what they take, and what is wrong with what was typed."""

import hashlib
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field

from domain.webhook_address import WebhookUrlInvalid, check_url
from interfaces.admin.administration.form_fields import Label
from interfaces.admin.administration.typed import Typed, mistyped, wrong
from interfaces.admin.forms import Fields, Form, Several
from interfaces.http.event_query import PUBLIC_NAMES
from interfaces.http.problems import RequestInvalid

MOST_DIGITS = 18
SHOWN = ("url", "name", "names", "all_threads", "after")


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    if set(names) - PUBLIC_NAMES:
        raise ValueError("there is no such event")
    return tuple(dict.fromkeys(names))


def _digits(text: object) -> object:
    digits = str(text).strip().replace(",", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise ValueError("must be a position of the log: a whole number, 0 for all of it")
    return digits


class ChangedWebhook(Form):
    """An address, what it wants (nothing chosen: all but pieces of answers), and a name."""

    url: str = ""
    name: Label = None
    names: Annotated[Several, AfterValidator(_known), Field(max_length=100)] = ()

    @property
    def wanted(self) -> tuple[str, ...] | None:
        """As a webhook has it."""
        return self.names or None


class NewWebhook(ChangedWebhook):
    """The page chooses the id, so that twice is once."""

    id: UUID
    all_threads: Literal["true"] | None = None

    @property
    def hash(self) -> str:
        """SHA-256 of what it says, hexadecimal: the same id with another one is a mistake."""
        return hashlib.sha256(self.model_dump_json(exclude={"id"}).encode()).hexdigest()


class Act(Form):
    """Of what the page showed: a second time, nothing is done."""

    version: int


class Replay(Act):
    """Everything after a position again."""

    after: Annotated[int, BeforeValidator(_digits)]


class Rotate(Form):
    """The secret of this generation gets a follower, once."""

    generation: int


def mistyped_webhook(filled: Fields, refusal: RequestInvalid) -> Typed:
    """Raises the refusal where the fault is in what the form does not show."""
    return mistyped(filled, refusal, shown=SHOWN)


def wrong_url(filled: Fields, url: str, *, private: bool) -> Typed | None:
    """What is wrong with the address; None: nothing that can be seen."""
    try:
        check_url(url.strip(), private=private)
    except WebhookUrlInvalid as error:
        return wrong(filled, url=f"The address {error}")
    return None
