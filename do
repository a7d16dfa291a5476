#!/bin/sh
# ./do run [ARGS]                      start Threadlog (= threadlog up ARGS); ./do run --help tells more
# ./do threadlog ARGS                  any other threadlog command, for example ./do threadlog chat
# ./do test [PYTEST ARGS]              the test suite; needs nothing but Python
# ./do check                           format, lint, strict types, import contracts
# ./do prove [PART]                    the long evidence: browser, faults, broken, lifecycle, ordering, providers, reading, servers
# ./do bench [NAME]                    measure
# ./do docs                            write the generated pages of docs/
# ./do lock [--upgrade]                make requirements.lock anew (the only command that needs uv)
#
# Before each command: when requirements.lock is not the one that .venv was made from, .venv is made
# again, with uv where there is one, else with python3 -m venv and pip. Nothing is written outside
# this folder but the download cache of uv or pip.
set -eu
cd "$(dirname "$0")"
export UV_SYSTEM_CERTS=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Compiled once, in .venv: without it each process that starts would compile all libraries again.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="$PWD/.venv/pycache"

find_uv() {
    for uv in uv "${HOME:-}/.local/bin/uv"; do
        "$uv" --version >/dev/null 2>&1 && return
    done
    uv=
}

find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && return
    done
    echo "$0: needs Python 3.11 to 3.14, or uv (https://docs.astral.sh/uv/), which fetches one" >&2
    exit 1
}

install() {
    rm -rf .venv
    find_uv
    if [ -n "$uv" ]; then
        "$uv" venv -q --python '>=3.11,<3.15' .venv
        "$uv" pip sync -q --python .venv/bin/python --require-hashes --no-build requirements.lock
    else
        find_python
        "$python" -m venv .venv || { echo "$0: on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
        .venv/bin/python -m pip install -q --require-hashes --only-binary :all: -r requirements.lock
    fi
    cp requirements.lock .venv/requirements.lock
}

# One install at a time: mkdir is atomic everywhere. A lock whose owner is gone is taken over.
sync() {
    while ! cmp -s requirements.lock .venv/requirements.lock; do
        if mkdir .installing 2>/dev/null; then
            trap 'rm -rf .installing' EXIT INT TERM
            echo $$ > .installing/pid
            cmp -s requirements.lock .venv/requirements.lock || install
            rm -rf .installing
            trap - EXIT INT TERM
        elif [ -f .installing/pid ] && ! kill -0 "$(cat .installing/pid)" 2>/dev/null; then
            rm -rf .installing
        else
            sleep 1
        fi
    done
}

command=${1:-}
[ $# -gt 0 ] && shift
case $command in
run)
    sync
    exec .venv/bin/python -m interfaces.cli up "$@"
    ;;
threadlog)
    sync
    exec .venv/bin/python -m interfaces.cli "$@"
    ;;
test)
    sync
    exec .venv/bin/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder "$@"
    ;;
check)
    sync
    .venv/bin/ruff format --check -q .
    .venv/bin/ruff check -q .
    .venv/bin/lint-imports --no-cache > .venv/import-contracts || { cat .venv/import-contracts; exit 1; }
    exec .venv/bin/basedpyright
    ;;
prove)
    sync
    exec .venv/bin/python -m tests.prove "$@"
    ;;
bench)
    sync
    exec .venv/bin/python -m benchmarks "$@"
    ;;
docs)
    sync
    .venv/bin/python -m interfaces.docs
    exec .venv/bin/python -m benchmarks.rig.pages
    ;;
lock)
    find_uv
    [ -n "$uv" ] || { echo "$0: lock needs uv (https://docs.astral.sh/uv/)" >&2; exit 1; }
    exec "$uv" pip compile pyproject.toml --extra embedded --extra parquet --extra dev --universal --python-version 3.11 \
        --generate-hashes --no-header --no-annotate -q -o requirements.lock "$@"
    ;;
*)
    sed -n '2,9s/^# //p' "$0" >&2
    exit 2
    ;;
esac
