"""The written contract is as the code is, and the code imports no model."""

import json
import subprocess
import sys
from pathlib import Path

from pydantic import JsonValue

from interfaces.http.document import openapi_page
from tests.interfaces.http.house import House

CHECKOUT = Path(__file__).parents[3]
FORBIDDEN = ("pydantic_ai", "openai", "anthropic")


def test_the_openapi_file_is_fresh() -> None:
    written = (CHECKOUT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert written == openapi_page(), "run ./do docs"


async def test_the_api_serves_its_own_contract(house: House) -> None:
    served = (await house.client(None).get("/openapi.json")).json()
    assert served == json.loads(openapi_page())
    assert set(served["paths"]) >= {"/v1/threads", "/v1/threads/{thread_id}/events", "/readyz"}


def test_every_reference_of_the_contract_leads_somewhere() -> None:
    document = json.loads(openapi_page())
    named = {
        value.removeprefix("#/components/schemas/")
        for value in _references(document)
        if value.startswith("#/components/schemas/")
    }
    assert named <= set(document["components"]["schemas"])
    assert {"StartThread", "PostMessage", "Problem", "CompletionView"} <= named


def _references(value: JsonValue) -> list[str]:
    match value:
        case {"$ref": str(reference)}:
            return [reference]
        case dict():
            return [found for inner in value.values() for found in _references(inner)]
        case list():
            return [found for inner in value for found in _references(inner)]
        case _:
            return []


def test_the_api_imports_no_model() -> None:
    script = (
        "import sys, interfaces.http.app;"
        f"print([name for name in {FORBIDDEN} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
