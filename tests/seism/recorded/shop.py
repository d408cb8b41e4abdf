"""The application whose results are kept here: shop.py PORT DB_PORT CACHE_PORT SEARCH_PORT, over store.py of
../patients. It does without its cache, says 503 when its database does not answer in time, and 500 when it
breaks the connection, which is its sin. It never asks its search engine."""

import http.server
import socket
import sys


def ask(port, limit):
    """What the store says."""
    with socket.create_connection(("127.0.0.1", port), timeout=limit) as store:
        store.sendall(b"get price\n")
        line = store.makefile("rb").readline()
    if not line.startswith(b"value "):
        raise ConnectionError(f"the store said {line!r}")
    return line.split()[1].decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/ready":
            return self.answer(200, "ready\n")
        try:
            ask(CACHE, 0.2)
        except OSError:
            pass  # it is a cache
        try:
            return self.answer(200, f"the price is {ask(DB, 1)}\n")
        except TimeoutError:
            return self.answer(503, "later\n", ("Retry-After", "1"))
        except OSError as error:
            return self.answer(500, f"oh: {error}\n")

    def answer(self, status, text, *headers):
        self.send_response(status)
        for name, value in (("Content-Length", str(len(text))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    DB, CACHE = int(sys.argv[2]), int(sys.argv[3])
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
