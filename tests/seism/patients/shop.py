"""A tiny application over store.py, and its sins: what Seism must find.

shop.py PORT STORE_PORT SIN; SIN is one of
  none    answers 503 with Retry-After when the store fails, and asks anew at the next request
  error   answers 500
  hang    tries again until the store is back
  crash   ends; a supervisor starts it anew
  leak    keeps a MiB of each failure
  stale   answers wrongly for ever after a failure
  stuck   refuses for ever after a failure
  silent  does all well, and logs nothing
STORE_TIMEOUT is how many seconds it waits for the store; 1 without it.
"""

import http.server
import os
import socket
import subprocess
import sys
import time

FAILED = []  # what a shop that leaks, or does not forget, keeps of each failure


class StoreFailed(Exception):
    pass


def ask_store(port):
    """A connection for each question; fails when the answer does not come in time."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=float(os.environ.get("STORE_TIMEOUT", "1"))) as store:
            store.sendall(b"get price\n")
            line = store.makefile("rb").readline()
    except OSError as error:
        raise StoreFailed(str(error)) from error
    if not line.startswith(b"value ") or not line.endswith(b"\n"):
        raise StoreFailed(f"store said {line!r}")
    return line.split()[1].decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store_port = 0
    sin = "none"

    def do_GET(self):
        if self.path == "/ready":
            return self.answer(200, "ready\n")
        try:
            if self.sin == "stuck" and FAILED:
                raise StoreFailed("it has failed before")
            price = self.price()
        except StoreFailed as error:
            return self.store_failed(error)
        if self.sin == "stale" and FAILED:
            price = "0"
        return self.answer(200, f"the price is {price}\n")

    def price(self):
        while True:
            try:
                return ask_store(self.store_port)
            except StoreFailed as error:
                if self.sin != "hang":
                    raise
                print(f"store failed: {error}", flush=True)
            time.sleep(0.1)

    def store_failed(self, error):
        if self.sin != "silent":
            print(f"store failed: {error}", flush=True)
        if self.sin == "crash":
            os._exit(1)
        if self.sin == "leak":
            FAILED.append(os.urandom(1 << 20))
        if self.sin in ("stale", "stuck"):
            FAILED.append(error)
        if self.sin == "error":
            return self.answer(500, "Traceback (most recent call last)\n")
        return self.answer(503, "come back later\n", {"Retry-After": "1"})

    def answer(self, status, text, headers=None):
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


def supervise():
    """Starts this program again whenever it ends."""
    while True:
        subprocess.run([sys.executable, *sys.argv], env={**os.environ, "SUPERVISED": "1"}, check=False)


if __name__ == "__main__":
    if sys.argv[3] == "crash" and "SUPERVISED" not in os.environ:
        supervise()
    Handler.store_port = int(sys.argv[2])
    Handler.sin = sys.argv[3]
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
