"""A disk that is full, and has space again."""

import tempfile
from pathlib import Path

import pytest

from tests.faults.disk import SmallDisk


def test_a_full_disk_takes_nothing_until_space_is_freed() -> None:
    with tempfile.TemporaryDirectory(prefix="threadlog-disk-", dir="/tmp") as folder:
        with SmallDisk(Path(folder) / "disk", megabytes=2) as disk:
            assert disk.fill() == 2 << 20
            with pytest.raises(OSError, match="No space left"):
                (disk.path / "file").write_text("text")
            assert disk.fill() == 0
            disk.free()
            (disk.path / "file").write_text("text")
        assert disk.path.is_dir()
        assert not disk.path.is_mount()
