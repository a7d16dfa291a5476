"""All read models: those that every installation has, and those that an operator adds."""

from pydantic import ImportString, TypeAdapter, ValidationError

from projections.accounts import ACCOUNTS
from projections.operations import OPERATIONS
from projections.projection import Projection
from projections.record import RECORD
from projections.search import SEARCH
from projections.tool_calls import TOOL_CALLS

BUILT_IN: tuple[Projection, ...] = (RECORD, TOOL_CALLS, SEARCH, ACCOUNTS, OPERATIONS)

_IMPORT: TypeAdapter[object] = TypeAdapter(ImportString)


class ProjectionsSettingInvalid(ValueError):
    """THREADLOG_PROJECTIONS names no projections. Write module:NAME, separated by commas."""

    def __init__(self, what: str) -> None:
        super().__init__(f"THREADLOG_PROJECTIONS: {what}")


def all_projections(setting: str) -> tuple[Projection, ...]:
    """The built-in ones, and those that the setting names as module:NAME, separated by commas.

    Raises ProjectionsSettingInvalid.
    """
    named = [entry.strip() for entry in setting.split(",") if entry.strip()]
    found = (*BUILT_IN, *map(_load, named))
    _refuse_repeated(found)
    return found


def _load(entry: str) -> Projection:
    try:
        found = _IMPORT.validate_python(entry)
    except ValidationError as error:
        raise ProjectionsSettingInvalid(f"{entry!r}: {error.errors()[0]['msg']}") from None
    if not isinstance(found, Projection):
        raise ProjectionsSettingInvalid(f"{entry} is not a Projection")
    return found


def _refuse_repeated(projections: tuple[Projection, ...]) -> None:
    tables = [model.__tablename__ for projection in projections for model in projection.models]
    names = [projection.name for projection in projections]
    for name in names:
        if names.count(name) > 1:
            raise ProjectionsSettingInvalid(f"two projections are called {name!r}")
    for table in tables:
        if tables.count(table) > 1:
            raise ProjectionsSettingInvalid(f"two projections have a table {table!r}")
