"""A TCP proxy in front of an HTTP server that cuts chosen connections at a chosen place."""

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType

PLACES = ("before the request", "before the response", "in the response")


@dataclass(frozen=True)
class Exchange:
    """A request on its way, and the status it got; 0 while the server was not asked."""

    step: int  # counts requests from 0; a poll, repeated as it was, counts once
    method: str
    target: str
    status: int
    number: int  # within the step, from 0


# What is to be cut: asked before and after the server is, until it says yes.
Cut = Callable[[Exchange], bool]


def never(_exchange: Exchange) -> bool:
    """Cuts nothing."""
    return False


@dataclass
class CuttingProxy:
    """Listens on a free port of 127.0.0.1 while the context is open; one request a connection, as our client sends it.

    `cut` says for which exchanges; `place` is one of PLACES. `cuts` has what was cut. With `tls` it speaks TLS to its clients.
    """

    server_port: int
    place: str = PLACES[0]
    cut: Cut = never
    tls: ssl.SSLContext | None = None
    cuts: list[Exchange] = field(default_factory=list)
    seen: list[Exchange] = field(default_factory=list)

    def __enter__(self) -> "CuttingProxy":
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port: int = self._listener.getsockname()[1]
        self._last = b""
        self._step, self._number = -1, 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        """One connection after the other: a party has one request under way at a time."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # closed
            with contextlib.suppress(OSError):
                client.settimeout(10)
                with self.tls.wrap_socket(client, server_side=True) if self.tls else client as wrapped:
                    self._pass_on(wrapped)

    def _pass_on(self, client: socket.socket) -> None:
        request = read_message(client)
        if not request:
            return
        self._number = self._number + 1 if request == self._last else 0
        self._step += self._number == 0
        self._last = request
        method, target = request.split(b" ", 2)[:2]
        exchange = Exchange(self._step, method.decode(), target.decode(), 0, self._number)
        if self.place == PLACES[0] and self._cuts(exchange):
            return
        with socket.create_connection(("127.0.0.1", self.server_port), timeout=10) as server:
            server.sendall(request)
            response = read_message(server, without_body=method == b"HEAD")
        status = int(response.split(b" ", 2)[1])
        exchange = Exchange(self._step, method.decode(), target.decode(), status, self._number)
        self.seen.append(exchange)
        if self.place != PLACES[0] and self._cuts(exchange):
            response = response[: len(response) // 2] if self.place == PLACES[2] else b""
        client.sendall(response)

    def _cuts(self, exchange: Exchange) -> bool:
        if not self.cut(exchange):
            return False
        self.cuts.append(exchange)
        return True


def read_message(stream: socket.socket, without_body: bool = False) -> bytes:
    """A whole HTTP message with a Content-Length, or none; what came when it ended early."""
    data = b""
    length = None
    while length is None or len(data) < length:
        got = stream.recv(65536)
        if not got:
            return data
        data += got
        head, end, _ = data.partition(b"\r\n\r\n")
        if end and length is None:
            found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            bodiless = without_body or head.startswith(b"HTTP/1.1 304")
            length = len(head) + 4 + (int(found[1]) if found and not bodiless else 0)
    return data
