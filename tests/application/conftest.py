"""The model provider of a module's tests."""

from collections.abc import AsyncGenerator

import pytest

from application.models import close_models
from tests.model_server import ModelServer, as_provider


@pytest.fixture(scope="module")
async def server() -> AsyncGenerator[ModelServer]:
    """Models find it by their own variables, and are closed with it."""
    with ModelServer() as server, as_provider(server.url):
        yield server
        await close_models()
