"""What every test may ask for: a real PostgreSQL and a real Valkey, one per test process."""

from collections.abc import Generator
from functools import partial
from typing import cast

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from infrastructure.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.servers import FAST, serving

STACK_OF_THEIR_OWN = {
    f"tests/system/test_{name}.py"
    for name in ("background_tools", "documented_agents", "newcomer", "servers")
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First what waits most: the whole stack. The rest fills the gaps."""
    items.sort(key=lambda item: "system" not in item.path.parts)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Tests that share the running system come to one process: it is started once."""
    return Together(config, log)


class Together(LoadFileScheduling):
    """File by file; those that use the stack of tests/system/conftest.py as if they were one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        shares = file.startswith("tests/system/") and file not in STACK_OF_THEIR_OWN
        return "tests/system" if shares else file


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
