"""Settings for people at a terminal: what is wrong with them, by the name of the variable."""

import sys

from pydantic import ValidationError

from infrastructure.settings import Settings


def load_settings(**given: int) -> Settings:
    """The settings, `given` ones before the variables; an unusable one ends the program with 2."""
    try:
        return Settings(**given)  # pyright: ignore[reportArgumentType] - pydantic checks them
    except ValidationError as errors:
        for error in errors.errors(include_input=False, include_url=False):
            variable = "THREADLOG_" + "_".join(str(part) for part in error["loc"]).upper()
            print(f"threadlog: {variable}: {error['msg']}", file=sys.stderr)
        sys.exit(2)
