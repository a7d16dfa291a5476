"""How older revisions of events are read today: one function for each step to the next revision."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from domain.jsonvalue import JsonObject

Upcaster: TypeAlias = Callable[[JsonObject], JsonObject]

UPCASTERS: Mapping[str, Upcaster] = MappingProxyType({})
"""`name@revision` as stored → the data of the next revision. Entries are never removed."""
