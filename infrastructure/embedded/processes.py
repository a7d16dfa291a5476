"""Which process is behind a pid or a socket."""

import socket
import struct
import subprocess
import sys
from pathlib import Path


def command_line(pid: int) -> str:
    """The arguments of a process, each between two spaces; nothing if it has ended."""
    if sys.platform == "linux":  # slim containers have no `ps`
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            line = ""
    else:
        ps = ["ps", "-o", "command=", "-p", str(pid)]
        answer = subprocess.run(ps, check=False, capture_output=True, text=True)  # noqa: S603
        line = answer.stdout.strip()
    return f" {line} "


def listener(connected: socket.socket) -> int:
    """The pid of the process that listens on the other end of a unix socket."""
    if sys.platform == "darwin":
        local, peer_pid = 0, 2  # SOL_LOCAL, LOCAL_PEERPID of sys/un.h
        return connected.getsockopt(local, peer_pid)
    credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, _uid, _gid = struct.unpack("3i", credentials)
    return int(pid)
