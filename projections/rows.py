"""The rows that a batch of events changes: loaded at once, changed in memory, written at once."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from math import isfinite
from typing import Any, TypeVar, cast

from sqlalchemy import ARRAY, bindparam, delete, func, inspect, select, tuple_
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from projections.schema import ReadModel

R = TypeVar("R", bound=ReadModel)
Key = tuple[Any, ...]


class RowIsMissing(Exception):
    """An event is about a row that no event before it has made."""


class Rows:
    """A working copy of some rows. A row is known by its primary key, in the table's order."""

    def __init__(self) -> None:
        self._rows: dict[tuple[type[ReadModel], Key], ReadModel] = {}
        self._removed: set[tuple[type[ReadModel], Key]] = set()

    def find(self, model: type[R], *key: Any) -> R | None:
        """The row, if there is one."""
        row = self._rows.get((model, key))
        assert row is None or isinstance(row, model)
        return row

    def get(self, model: type[R], *key: Any) -> R:
        """The row. Raises RowIsMissing."""
        row = self.find(model, *key)
        if row is None:
            raise RowIsMissing(f"{model.__name__} {', '.join(map(str, key))}")
        return row

    def all(self, model: type[R]) -> list[R]:
        """Every row of this kind that the copy holds."""
        return [row for row in self._rows.values() if isinstance(row, model)]

    def add(self, row: ReadModel) -> None:
        """A new row; it replaces the one with the same key."""
        self._rows[type(row), _key_of(row)] = row

    def remove(self, row: ReadModel) -> None:
        """The row is no more."""
        place = (type(row), _key_of(row))
        del self._rows[place]
        self._removed.add(place)

    async def load(self, session: AsyncSession, model: type[R], keys: Iterable[Key]) -> None:
        """Copy the rows with these keys that exist and are not held yet."""
        wanted = [key for key in set(keys) if (model, key) not in self._rows]
        if not wanted:
            return
        columns = dict(zip(_key_names(model), map(list, zip(*wanted, strict=True)), strict=True))
        loaded = (await session.scalars(_select(model), columns)).all()
        session.expunge_all()
        for row in loaded:
            self.add(row)

    async def save(self, connection: AsyncConnection) -> None:
        """Write what has changed: one statement for each table, as many rows as there are."""
        for model, key in self._removed:
            names = zip(_key_names(model), key, strict=True)
            await connection.execute(delete(model).filter_by(**dict(names)))
        changed: defaultdict[type[ReadModel], list[dict[str, Any]]] = defaultdict(list)
        for (model, _), row in self._rows.items():
            if inspect(row, raiseerr=True).modified:
                changed[model].append(_values(row))
        for model, values in changed.items():
            await connection.execute(_upsert(model), values)


@cache
def _key_names(model: type[ReadModel]) -> Sequence[str]:
    return [column.name for column in inspect(model).primary_key]


def _key_of(row: ReadModel) -> Key:
    return tuple(getattr(row, name) for name in _key_names(type(row)))


@cache
def _select(model: type[R]) -> Any:
    """Rows by a list of keys: one array for each column of the key, so always the same text."""
    key = inspect(model).primary_key
    names = [column.name for column in key]
    wanted = func.unnest(*(bindparam(column.name, type_=ARRAY(column.type)) for column in key))
    return select(model).where(
        tuple_(*key).in_(select(wanted.table_valued(*names).render_derived()))
    )


@cache
def _upsert(model: type[ReadModel]) -> Insert:
    statement = insert(model)
    columns = {column.name: statement.excluded[column.name] for column in inspect(model).columns}
    return statement.on_conflict_do_update(index_elements=_key_names(model), set_=columns)


@cache
def _attributes(model: type[ReadModel]) -> Sequence[tuple[str, str]]:
    """Column and attribute names; they differ where SQLAlchemy keeps a name for itself."""
    return [(attr.columns[0].name, attr.key) for attr in inspect(model).column_attrs]


def _values(row: ReadModel) -> dict[str, Any]:
    return {name: _storable(getattr(row, key)) for name, key in _attributes(type(row))}


def _storable(value: object) -> object:
    """PostgreSQL has no NUL in text and no infinity in JSON; one event must not stop all rows."""
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case float():
            return value if isfinite(value) else None
        case list():
            return [_storable(item) for item in cast("list[object]", value)]
        case dict():
            items = cast("dict[str, object]", value).items()
            return {_storable(key): _storable(item) for key, item in items}
        case _:
            return value
