"""How fast a conversation is played again."""

from interfaces.http.problems import FieldError, RequestInvalid

SPEEDS = ("0.5", "1", "2", "5", "10", "max")


def speed_of(text: str) -> float | None:
    """Times as fast as it was; None: as fast as it can be read. Raises RequestInvalid."""
    if text not in SPEEDS:
        message = f"Choose from {', '.join(SPEEDS)}"
        raise RequestInvalid([FieldError(loc=["query", "speed"], msg=message)])
    return None if text == "max" else float(text)
