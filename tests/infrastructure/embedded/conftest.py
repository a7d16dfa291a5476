"""Data folders for embedded servers that a test may kill as it likes."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.infrastructure.embedded.processes import Server, Servers
from tests.servers import data_folder


@pytest.fixture(scope="session")
def shared_data() -> Generator[Path]:
    """One folder for all tests that do not need a new one: making data takes a second."""
    with data_folder() as folder:
        yield folder
        everything = Servers(folder)
        everything.postgres()
        everything.valkey()
        everything.erase()


@pytest.fixture
def servers(shared_data: Path) -> Generator[Servers]:
    """Servers with data of earlier tests; stopped after the test."""
    made = Servers(shared_data)
    yield made
    made.stop()


@pytest.fixture
def new_servers() -> Generator[Servers]:
    """Servers without data."""
    with data_folder() as folder:
        made = Servers(folder)
        yield made
        made.erase()


@pytest.fixture(params=["postgres", "valkey"])
def server(request: pytest.FixtureRequest, servers: Servers) -> Server:
    """Either server, not started."""
    return servers.named(str(request.param))


@pytest.fixture(params=["postgres", "valkey"])
def new_server(request: pytest.FixtureRequest, new_servers: Servers) -> Server:
    """Either server, not started, without data."""
    return new_servers.named(str(request.param))
