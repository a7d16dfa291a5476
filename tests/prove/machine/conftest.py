"""The model provider that the tests of the whole stack share."""

from tests.system.conftest import provider

__all__ = ["provider"]
