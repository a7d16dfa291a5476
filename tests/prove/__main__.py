"""`./do prove [PART …]`: the long evidence; each part is a module of this folder with `main()`."""

import importlib
import sys
from pathlib import Path

PARTS = sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))


def main(wanted: list[str]) -> int:
    """Run the parts, all by default. Exit code 0, 1 when one failed, 2 when one does not exist."""
    unknown = set(wanted) - set(PARTS)
    if unknown or not PARTS:
        print(f"no such part: {' '.join(sorted(unknown)) or 'there is none yet'}", file=sys.stderr)
        return 2
    return max(importlib.import_module(f"tests.prove.{part}").main() for part in wanted or PARTS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
