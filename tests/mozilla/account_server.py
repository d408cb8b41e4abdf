"""An account server of Mozilla's kind, as far as a token server sees it: HTTPS with /v1/jwks and /v1/verify. And a proxy."""

import contextlib
import json
import select
import socket
import ssl
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from signing import SigningKey


class AccountServer:
    """Listens on 127.0.0.1 between start() and stop(), always on the same port. Counts what it is asked."""

    def __init__(self, certificate: tuple[Path, Path], keys: Iterable[SigningKey] = ()) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)
        self.keys = [key.jwk() for key in keys]
        self.verdicts: dict[str, tuple[int, Any]] = {}  # by token; others are refused
        self.asked: list[str] = []
        self.port = 0
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> "AccountServer":
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Begins to serve."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                # The handshake belongs to the connection's own thread: a client that refuses us must not stop the others.
                self.request.settimeout(10)
                self.request.do_handshake()
                super().setup()

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

            def answer(self, status: int, body: Any) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.answer(*(200, {"keys": outer.keys}) if self.path == "/v1/jwks" else (404, {}))

            def do_POST(self) -> None:
                outer.asked.append(self.path)
                token = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["token"]
                unknown = (400, {"code": 400, "errno": 108, "message": "Invalid token"})
                self.answer(*outer.verdicts.get(token, unknown) if self.path == "/v1/verify" else (404, {}))

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: Any, address: Any) -> None:
                pass  # a client that does not trust us ends the handshake

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more."""
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()

    def settings(self, host: str = "127.0.0.1", verify: bool = False) -> list[str]:
        """Arguments of `homespun serve` that point to it."""
        verify_url = f"https://{host}:{self.port}/v1/verify" if verify else ""
        return ["--set", f"mozilla.jwks_url=https://{host}:{self.port}/v1/jwks", "--set", f"mozilla.verify_url={verify_url}"]


class ConnectProxy:
    """A forward proxy that knows one name, and puts through whoever asks for it with CONNECT."""

    def __init__(self, name: str, port: int) -> None:
        self._name, self._port = name, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.heads: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._put_through, args=(self._listener.accept()[0],), daemon=True).start()

    def _put_through(self, peer: socket.socket) -> None:
        with peer, contextlib.suppress(OSError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                got = peer.recv(1)
                if not got:
                    return
                head += got
            self.heads.append(head.decode())
            if not head.startswith(f"CONNECT {self._name}:{self._port} ".encode()):
                peer.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._port)) as beyond:
                peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                other = {peer: beyond, beyond: peer}
                while True:
                    for ready in select.select([peer, beyond], [], [], 10)[0]:
                        got = ready.recv(65536)
                        if not got:
                            return
                        other[ready].sendall(got)
