"""Runs one embedded server, or watches over one that runs, and stops it when nobody uses it.

    python -I -S supervisor.py CLIENTS_LOCK STOP_SIGNAL UID:GID run COMMAND…    (`:` = as ourselves)
    python -I -S supervisor.py CLIENTS_LOCK STOP_SIGNAL UID:GID watch PID

Every user of the server holds a shared flock on CLIENTS_LOCK, which the kernel frees however the
user dies. The supervisor gets it exclusively only when no user is left. It then stops the server
and keeps the lock until the server has ended, so that a new starter waits instead of meeting a
server about to leave. Its stdin is a locked file: while the lock is there, a supervisor is alive.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time

POLL_SECONDS = 0.1


def main(arguments: list[str]) -> None:
    clients_lock, stop_signal, account, action, *server = arguments
    clients = os.open(clients_lock, os.O_RDWR)
    if os.fork():
        os._exit(0)  # the starter need not wait for us
    os.ftruncate(sys.stdin.fileno(), 0)
    os.write(sys.stdin.fileno(), f"{os.getpid()}\n".encode())
    pid = int(server[0]) if action == "watch" else run(server, account)

    def stop(*_: object) -> None:
        if alive(pid):
            os.kill(pid, signal.Signals[stop_signal])

    signal.signal(signal.SIGTERM, stop)
    while alive(pid) and not unused(clients):
        time.sleep(POLL_SECONDS)
    stop()
    while alive(pid):
        time.sleep(POLL_SECONDS / 5)


def run(command: list[str], account: str) -> int:
    uid, _, gid = account.partition(":")
    server = subprocess.Popen(  # noqa: S603  # the starter's command
        command,
        stdin=subprocess.DEVNULL,
        user=int(uid) if uid else None,
        group=int(gid) if gid else None,
        extra_groups=[] if uid else None,
    )
    return server.pid


def unused(clients: int) -> bool:
    try:
        fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # only our own child
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not zombie(pid)


def zombie(pid: int) -> bool:
    """The one that we watch and did not start may never be reaped, in a container."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as line:
            return line.read().rpartition(b") ")[2][:1] in b"ZX"
    except OSError:
        return False


if __name__ == "__main__":
    main(sys.argv[1:])
