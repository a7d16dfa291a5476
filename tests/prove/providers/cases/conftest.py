"""What these share with the tests of the engine."""

from tests.application.conftest import server

__all__ = ["server"]
