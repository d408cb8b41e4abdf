"""Requests over plain sockets: kept connections, and bytes exactly as a case gives them."""

import http.client
import socket
from dataclasses import dataclass, field
from io import BufferedReader
from typing import Any
from urllib.parse import urlsplit

PATIENCE = 30


@dataclass
class Response:
    """An answer; `status` is 0 when the server closed without one."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    reason: str = ""

    def header(self, name: str) -> str | None:
        """All values of a header, joined as HTTP allows; None when it is absent."""
        values = [value for each, value in self.headers if each.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def text(self) -> str:
        """The body as text; wrong UTF-8 becomes replacement marks."""
        return self.body.decode("utf-8", "replace")


class Wire:
    """One connection to the server, made again when it has been closed."""

    def __init__(self, root: str) -> None:
        parts = urlsplit(root)
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.secure else 80)
        self.prefix = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def request(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None, fresh: bool) -> Response:
        """Sends a request; once more on a new connection when a kept one had been closed meanwhile."""
        if fresh:
            self.close()
        kept = self._connection is not None
        try:
            return self._request(method, target, headers, body)
        except (ConnectionError, http.client.BadStatusLine):
            self.close()
            if not kept:
                raise
            return self._request(method, target, headers, body)

    def _request(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None) -> Response:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
            self._connection = kind(self.host, self.port, timeout=PATIENCE)
            self._connection.connect()
            self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._connection
        names = {name.lower() for name, _ in headers}
        connection.putrequest(method, target, skip_host="host" in names, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value.encode("utf-8"))
        chunked = "transfer-encoding" in names
        if not chunked and "content-length" not in names and (body is not None or method in ("POST", "PUT", "PATCH")):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders()
        self._send_body(connection, body or b"", chunked)
        try:
            answer = connection.getresponse()
            result = Response(answer.status, answer.getheaders(), answer.read(), answer.reason)
        except Exception:
            self.close()
            raise
        if answer.will_close:
            self.close()
        return result

    @staticmethod
    def _send_body(connection: http.client.HTTPConnection, body: bytes, chunked: bool) -> None:
        """A server may refuse and close before it has read all: then its answer counts, not the broken pipe."""
        try:
            if not chunked:
                if body:
                    connection.send(body)
                return
            for start in range(0, len(body), 65536):
                chunk = body[start : start + 65536]
                connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            connection.send(b"0\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass

    def raw(self, data: bytes, count: int) -> list[Response]:
        """Sends bytes on a connection of their own and reads so many answers; status 0 where one is missing."""
        with socket.create_connection((self.host, self.port), timeout=PATIENCE) as connection:
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            with connection.makefile("rb") as stream:
                method = data.split(b" ", 1)[0].decode("ascii", "replace")
                return [_answer(stream, method) for _ in range(count)]


class _Stream:
    """Lets several HTTPResponse objects read from one buffered stream, one after the other."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream

    def makefile(self, _mode: str) -> "_Stream":
        """Called by HTTPResponse."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def close(self) -> None:
        """The stream goes on."""


def _go_on(stream: BufferedReader) -> bool:
    """Whether what comes is `100 Continue`, which http.client passes over; it is read."""
    if not stream.peek(12)[:12].endswith(b" 100"):
        return False
    while stream.readline().strip():
        pass
    return True


def _answer(stream: BufferedReader, method: str) -> Response:
    answer = http.client.HTTPResponse(_Stream(stream), method=method)  # type: ignore[arg-type]
    try:
        if _go_on(stream):
            return Response(100)
        answer.begin()
        return Response(answer.status, answer.getheaders(), answer.read(), answer.reason)
    except (http.client.HTTPException, ConnectionError):
        return Response(0)


def unescape(text: str) -> bytes:
    r"""The bytes of a raw line: `\r \n \t \\ \xHH`, everything else UTF-8."""
    result = bytearray()
    position = 0
    plain = {"r": b"\r", "n": b"\n", "t": b"\t", "\\": b"\\", "0": b"\0"}
    while position < len(text):
        here = text[position]
        following = text[position + 1 : position + 2]
        if here == "\\" and following in plain:
            result += plain[following]
            position += 2
        elif here == "\\" and following == "x":
            result.append(int(text[position + 2 : position + 4], 16))
            position += 4
        else:
            result += here.encode()
            position += 1
    return bytes(result)
