"""The embedded Valkey, which any Redis client can use."""

import socket
from urllib.parse import quote

from infrastructure.embedded.copies import reachable
from infrastructure.embedded.folders import make_data_folder
from infrastructure.embedded.programs import find_valkey
from infrastructure.embedded.server import EmbeddedServer


class EmbeddedValkey(EmbeddedServer):
    """Valkey on a unix socket in a folder with mode 0700, which makes a password needless."""

    name = "valkey"
    stop_signal = "SIGTERM"
    socket_name = "valkey.sock"

    @property
    def url(self) -> str:
        return f"unix://{quote(self._socket)}?db=0"

    def _command(self) -> list[str]:
        make_data_folder(self.data, self._account)
        found = find_valkey()
        copies = self.home / "bin" / self.name
        program = reachable(found, parts=[found], copies=copies, account=self._account)
        return [
            str(program),
            *("--port", "0"),
            *("--unixsocket", self._socket, "--unixsocketperm", "700"),
            *("--dir", str(self.data), "--appendonly", "yes", "--save", ""),
        ]

    def _answers(self, connected: socket.socket) -> bool:
        connected.sendall(b"PING\r\n")
        return connected.recv(7) == b"+PONG\r\n"  # "-LOADING …" while it reads its file
