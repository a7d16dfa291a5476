"""Runs one benchmark by its name; exit code 1 when what it measures was wrong."""

import pkgutil
import signal
import sys
from importlib import import_module

import benchmarks


def names() -> list[str]:
    """All benchmarks: the modules beside this one."""
    found = (
        module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.ispkg
    )
    return sorted(name for name in found if not name.startswith("_"))


def _as_ctrl_c(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


def main() -> int:
    """`python -m benchmarks NAME [ARGS]`; without a name, or with a wrong one, says which exist."""
    if len(sys.argv) < 2 or sys.argv[1] not in names():
        print(f"python -m benchmarks [{' | '.join(names())}]", file=sys.stderr)
        return 2
    # As after Ctrl-C, a benchmark that is told to end takes its processes and folders with it.
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    return import_module(f"benchmarks.{sys.argv[1]}").main(sys.argv[2:]) or 0


if __name__ == "__main__":
    raise SystemExit(main())
