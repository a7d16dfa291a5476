"""`./do prove [PART …]`: the long evidence; each part is a module of this folder with `main()`.

`./do prove PART --OPTION …` gives options to one part.
"""

import importlib
import sys
from pathlib import Path

PARTS = sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))


def main(arguments: list[str]) -> int:
    """Run the parts, all by default. Exit code 0, 1 when one failed, 2 when one does not exist."""
    wanted = [word for word in arguments if word in PARTS]
    options = arguments[len(wanted) :]
    if arguments[: len(wanted)] != wanted or (options and len(wanted) != 1):
        print(f"usage: ./do prove [{' | '.join(PARTS)}]; options after one part", file=sys.stderr)
        return 2
    return max([_prove(part, options) for part in wanted or PARTS])


def _prove(part: str, options: list[str]) -> int:
    print(f"# {part}", flush=True)
    code: int = importlib.import_module(f"tests.prove.{part}").main(*([options] if options else []))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
