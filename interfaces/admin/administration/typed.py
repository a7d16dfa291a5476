"""What a person has typed into a form: shown again with what is wrong, so that nothing is lost."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from interfaces.admin.forms import Fields
from interfaces.http.problems import RequestInvalid


@dataclass(frozen=True)
class Typed:
    """The values of a form's fields, and sentences about those that are wrong."""

    values: Fields = field(default_factory=dict[str, str | list[str]])
    errors: Mapping[str, str] = field(default_factory=dict[str, str])

    def value(self, name: str, otherwise: str = "") -> str:
        """Of a field that is there once."""
        found = self.values.get(name, otherwise)
        return found if isinstance(found, str) else found[0]

    def chosen(self, name: str) -> Collection[str]:
        """Of a field that may be there several times."""
        found = self.values.get(name, ())
        return (found,) if isinstance(found, str) else found

    def error(self, name: str) -> str | None:
        """What is wrong with a field."""
        return self.errors.get(name)


def mistyped(values: Fields, refusal: RequestInvalid, *, shown: Collection[str]) -> Typed:
    """Raises the refusal where the fault is in what the form does not show."""
    errors: dict[str, str] = {}
    for error in refusal.errors:
        name = str(error["loc"][0]) if error["loc"] else ""
        if name not in shown:
            raise refusal
        errors.setdefault(name, sentence(error["msg"]))
    return Typed(values, errors)


def wrong(values: Fields, **errors: str) -> Typed:
    """Something else about these fields is wrong."""
    return Typed(values, {name: sentence(text) for name, text in errors.items()})


def sentence(text: str) -> str:
    """With a capital in front and a full stop behind."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
