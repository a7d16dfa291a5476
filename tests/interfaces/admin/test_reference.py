"""The contract of the API as a page."""

import re

from interfaces.admin.reference import type_of
from tests.interfaces.admin.visitors import stranger
from tests.interfaces.http.house import House


async def test_every_route_stands_on_the_page_and_nothing_comes_from_elsewhere(
    house: House,
) -> None:
    browser = stranger(house)
    document = (await browser.get("/openapi.json")).json()
    answer = await browser.get("/docs")
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for path, operations in document["paths"].items():
        for method, told in operations.items():
            assert f"<strong>{method.upper()}</strong> {path}</span>" in answer.text
            assert f'id="{told["operationId"]}"' in answer.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in answer.text
    links = set(re.findall(r'(?:href|src)="([^"]+)"', answer.text))
    assert all(link.startswith(("/", "#")) for link in links)
    anchors = {link[1:] for link in links if link.startswith("#")}
    assert anchors <= set(re.findall(r'id="([^"]+)"', answer.text))


def test_types_are_told_in_words() -> None:
    uuid = {"type": "string", "format": "uuid"}
    assert type_of({"anyOf": [uuid, {"type": "null"}]}) == "string (uuid) | null"
    part = {"type": "array", "items": {"$ref": "#/components/schemas/Part"}, "maxItems": 9}
    assert type_of(part) == "list of Part, maxItems 9"
    assert type_of({"enum": ["a", "b"]}) == "a | b"
    assert type_of({"type": ["string", "null"]}) == "string | null"
    assert type_of({}) == "any"
