"""`docs/openapi.json`: the contract as the code has it."""

import json

from interfaces.http.app import routes_only


def openapi_page() -> str:
    """The whole file."""
    return json.dumps(routes_only().openapi(), indent=2, ensure_ascii=False) + "\n"
