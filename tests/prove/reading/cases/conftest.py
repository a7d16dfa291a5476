"""A log without webhooks for each test."""

from tests.infrastructure.webhooks.conftest import desk

__all__ = ["desk"]
