"""What the tests of the whole stack share."""

from tests.system.conftest import client, healed, links, provider, stack, urls

__all__ = ["client", "healed", "links", "provider", "stack", "urls"]
