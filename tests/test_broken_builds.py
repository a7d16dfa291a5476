"""What `./do prove broken` breaks is there to be broken."""

import pytest

from tests.storm.builds import BUILDS, Build
from tests.test_repository import ROOT


@pytest.mark.parametrize("build", BUILDS, ids=[build.says for build in BUILDS])
def test_a_build_changes_exactly_one_place(build: Build) -> None:
    assert (ROOT / build.file).read_text().count(build.old) == 1
