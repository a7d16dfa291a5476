"""Parameters of pages: an empty field of a form is as good as none."""

from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator


def _none_if_empty(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


Emptied = BeforeValidator(_none_if_empty)
Position = Annotated[int | None, Query(ge=0, lt=2**63), Emptied]
