"""What the tests of the whole stack share."""

from tests.system.conftest import client, links, provider, stack, urls

__all__ = ["client", "links", "provider", "stack", "urls"]
