"""An HTTP proxy in front of a server that does something before chosen requests, or answers them itself."""

import contextlib
import http.client
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

# Asked with method and target before the server is: a status answers in its place, None asks the server.
Hook = Callable[[str, str], int | None]


class Between:
    """Listens on a free port of 127.0.0.1 while the context is open. `hook` may be changed at any time."""

    def __init__(self, server_port: int, hook: Hook = lambda _method, _target: None) -> None:
        self.hook = hook
        self.asked: list[str] = []  # method and target, in order
        between = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                between.asked.append(f"{self.command} {self.path}")
                status = between.hook(self.command, self.path)
                if status is not None:
                    return self.reply(status, [], b"0")
                with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server_port, timeout=30)) as server:
                    server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                    for name, value in self.headers.items():
                        server.putheader(name, value)
                    server.endheaders(body)
                    got = server.getresponse()
                    return self.reply(got.status, got.getheaders(), got.read())

            def reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.root = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Between":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
