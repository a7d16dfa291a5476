"""What every test may ask for: a real PostgreSQL and a real Valkey, one per test process."""

from collections.abc import Generator
from functools import partial
from typing import cast

import pytest

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.servers import FAST, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what waits most: the whole stack. The rest fills the gaps."""
    items.sort(key=lambda item: "system" not in item.path.parts)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgres-major", type=int, default=18, help="16 or 18 (default)")


@pytest.fixture(scope="session")
def postgres_major(request: pytest.FixtureRequest) -> int:
    return cast("int", request.config.getoption("--postgres-major"))


@pytest.fixture(scope="session")
def postgres(postgres_major: int) -> Generator[EmbeddedPostgres]:
    """A running server; `.url` as login role `threadlog`, `.owner_url` as superuser."""
    with serving(partial(EmbeddedPostgres, major=postgres_major, settings=FAST)) as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Generator[EmbeddedValkey]:
    """A running server; `.url` for any Redis client."""
    with serving(EmbeddedValkey) as server:
        yield server
