"""An HTTP proxy that serves nobody: it writes down what was asked for and refuses it.

A browser whose proxy it is cannot reach any other host, and everything it wanted to reach is on the list.
"""

import contextlib
import socket
import threading
from types import TracebackType


class RefusingProxy:
    """Listens on a free port of 127.0.0.1 from construction until close(), in a thread of its own.

    `port` is where; `requests()` is a copy of the list of request lines so far, without the protocol version, for example
    `CONNECT push.services.mozilla.com:443` or `GET http://planted.example/`. Thread-safe.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._requests: list[str] = []
        self._thread = threading.Thread(target=self._serve, name="refusing-proxy", daemon=True)
        self._thread.start()

    def __enter__(self) -> "RefusingProxy":
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening; the list stays readable."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def requests(self) -> list[str]:
        """What was asked for so far, in order."""
        with self._lock:
            return list(self._requests)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self._refuse, args=(connection,), daemon=True).start()

    def _refuse(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            head = b""
            while b"\r\n\r\n" not in head and len(head) < 65536:
                data = connection.recv(65536)
                if not data:
                    break
                head += data
            line = head.split(b"\r\n", 1)[0].decode("latin-1")
            if not line:
                return  # a connection opened in advance and never used asks for nothing
            with self._lock:
                self._requests.append(line.rsplit(" HTTP/", 1)[0])
            connection.sendall(b"HTTP/1.1 502 Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
