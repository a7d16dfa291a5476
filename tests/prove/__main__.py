"""`./do prove [PART …]`: the long evidence; each part is a module of this folder with `main()`,
or a folder whose `proof` has it.

`./do prove PART --OPTION …` gives options to one part.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = {
    **{file.stem: f"tests.prove.{file.stem}" for file in HERE.glob("[a-z]*.py")},
    **{
        file.parent.name: f"tests.prove.{file.parent.name}.proof"
        for file in HERE.glob("*/proof.py")
    },
}


def main(arguments: list[str]) -> int:
    """Run the parts, all by default. Exit code 0, 1 when one failed, 2 when one does not exist."""
    wanted = [word for word in arguments if word in PARTS]
    options = arguments[len(wanted) :]
    if arguments[: len(wanted)] != wanted or (options and len(wanted) != 1):
        print(
            f"usage: ./do prove [{' | '.join(sorted(PARTS))}]; options after one part",
            file=sys.stderr,
        )
        return 2
    return max([_prove(part, options) for part in wanted or sorted(PARTS)])


def _prove(part: str, options: list[str]) -> int:
    print(f"# {part}", flush=True)
    code: int = importlib.import_module(PARTS[part]).main(*([options] if options else []))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
