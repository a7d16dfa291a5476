"""Another process that uses an embedded server until its input ends.

`python other_process.py NAME DATA_DIR` says "ready" and the path of the socket, or what is wrong.
"""

import sys

from infrastructure.embedded import EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey


def main(name: str, data_dir: str) -> None:
    try:
        if name == "postgres":
            server = EmbeddedPostgres(data_dir, settings={"fsync": "off"})
        else:
            server = EmbeddedValkey(data_dir)
        server.start()
    except EmbeddedServerError as refusal:
        say(f"{type(refusal).__name__}: {refusal}")
    else:
        say(f"ready\n{server.socket_dir / server.socket_name}")
        sys.stdin.read()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
