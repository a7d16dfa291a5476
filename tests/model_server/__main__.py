"""The model provider as a process of its own: `python -m tests.model_server --port 9100`.

For measurements, where its CPU time must not be the measured process's. `GET /summary` tells what
it saw, `POST /script` changes what it answers.
"""

import argparse
import json

from tests.model_server.script import Script
from tests.model_server.server import ModelServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.model_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=json.loads, default={}, help='such as {"words": 200}')
    given = parser.parse_args()
    server = ModelServer(Script.of(given.script), port=given.port, keep=False)
    print(server.url, flush=True)  # noqa: T201
    server.serve()


if __name__ == "__main__":
    main()
