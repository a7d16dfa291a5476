"""The repository itself: pins without hosts, packages from here and not from elsewhere."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ["domain", "application", "projections", "infrastructure", "interfaces"]


def test_every_pin_has_hashes_and_names_no_host() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pins = [line for line in lines if line and not line.startswith(" ")]
    assert len(pins) > 50
    for pin in pins:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==[^ ]+ ", pin), pin
        assert pin.endswith("\\"), pin  # its hashes follow


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_the_one_of_this_checkout(package: str) -> None:
    found = importlib.import_module(package).__file__
    assert found is not None
    assert Path(found).is_relative_to(ROOT)


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys\nfrom interfaces.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'pydantic', 'fastapi', 'sqlalchemy', 'pydantic_ai', 'redis', 'asyncio'}\n"
        "loaded = heavy & set(sys.modules)\nsys.exit(str(loaded) if loaded else 0)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert "up" in run.stdout
