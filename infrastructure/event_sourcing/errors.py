"""The library's exception for each of ours and of asyncpg's."""

from collections.abc import Generator
from contextlib import contextmanager

import asyncpg
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    OperationalError,
    PersistenceError,
    ProgrammingError,
)

from application.ports import LogUnavailable, OutcomeUnknown, StreamConflict
from infrastructure.event_log.connection import is_lost, is_passing

_LIBRARY_ERRORS: tuple[tuple[tuple[type[Exception], ...], type[PersistenceError]], ...] = (
    ((StreamConflict, asyncpg.IntegrityConstraintViolationError), IntegrityError),
    ((LogUnavailable, OutcomeUnknown), OperationalError),
    ((asyncpg.SyntaxOrAccessError, asyncpg.InvalidSchemaNameError), ProgrammingError),
    ((asyncpg.DataError, ValueError), DataError),
)


@contextmanager
def library_errors() -> Generator[None]:
    """Raise what code that is written for the library expects; the cause stays visible."""
    try:
        yield
    except PersistenceError:
        raise
    except Exception as error:
        raise as_library_error(error) from error


def as_library_error(error: Exception) -> PersistenceError:
    """The library's exception for this one, with its message."""
    message = str(error) or repr(error)
    for ours, theirs in _LIBRARY_ERRORS:
        if isinstance(error, ours):
            return theirs(message)
    if is_lost(error) or is_passing(error):
        return OperationalError(message)
    return PersistenceError(message)
