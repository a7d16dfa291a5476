"""`./do docs`: write the generated pages."""

from pathlib import Path

from interfaces.docs.events import events_page
from interfaces.http.document import openapi_page

DOCS = Path(__file__).resolve().parents[2] / "docs"

(DOCS / "events.md").write_text(events_page(), encoding="utf-8")
(DOCS / "openapi.json").write_text(openapi_page(), encoding="utf-8")
