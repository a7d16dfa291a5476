"""The scripts that others wrote are those that were released, and have their licences."""

import hashlib

from interfaces.admin.static_files import FOLDER

VENDORED = {
    "htmx-2.0.11.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "htmx-ext-sse-2.2.4.js": "3b5992a541619babefc4c169505af474df5c3039da51e59b96ccf9241ecd61d2",
}


def test_each_is_as_released_and_may_be_passed_on() -> None:
    for name, sha256 in VENDORED.items():
        file = FOLDER / "vendor" / name
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256, name
        licence = FOLDER / "vendor" / f"{name.partition('-2.')[0]}.LICENSE"
        assert "Zero" in licence.read_text()
        assert "BSD" in licence.read_text()


def test_no_other_script_came_along() -> None:
    scripts = {path.name for path in (FOLDER / "vendor").glob("*.js")}
    assert scripts == set(VENDORED)
