"""Runs one embedded server, or watches over one that runs, and stops it when nobody uses it.

    python -I -S supervisor.py CLIENTS_LOCK STOP_SIGNAL PATIENCE UID:GID run COMMAND…
    python -I -S supervisor.py CLIENTS_LOCK STOP_SIGNAL PATIENCE UID:GID watch PID

Every user of the server holds a shared flock on CLIENTS_LOCK, which the kernel frees however the
user dies. The supervisor gets it exclusively only when no user is left. It then stops the server
and keeps the lock until the server has ended, so that a new starter waits instead of meeting a
server about to leave. A server that has not ended PATIENCE seconds after it was asked to is killed
with all that is below it: it can serve nobody, and what it has acknowledged is on the disk. `:`
means as ourselves. Its stdin is a locked file: while the lock is there, a supervisor is alive.
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
    clients_lock, stop_signal, patience, account, action, *server = arguments
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
    asked_at = time.monotonic()
    while alive(pid):
        if time.monotonic() > asked_at + float(patience):
            kill(pid)
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


def kill(pid: int) -> None:
    below = children(pid)
    for one in (pid, *below):  # it first: else it would begin others in their place
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """Known where there is a /proc; elsewhere they see by themselves that their parent ends."""
    found: list[int] = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        with contextlib.suppress(OSError):
            if name.isdecimal() and state_of(int(name))[1] == str(pid).encode():
                found.append(int(name))
    return found


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
        return state_of(pid)[0] in b"ZX"
    except OSError:
        return False


def state_of(pid: int) -> tuple[bytes, bytes]:
    """Its state, and the pid of its parent. OSError where there is none, or no /proc."""
    with open(f"/proc/{pid}/stat", "rb") as line:
        state, parent, *_ = line.read().rpartition(b") ")[2].split()
    return state, parent


if __name__ == "__main__":
    main(sys.argv[1:])
