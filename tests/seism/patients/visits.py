"""A counter of visits, in Redis: visits.py PORT, with REDIS_URL, or REDIS_HOST and REDIS_PORT, as people set them. Says 503
with Retry-After when Redis fails."""

import http.server
import os
import socket
import sys
import urllib.parse


def redis_place():
    """Host, port, and the password or None."""
    if "REDIS_URL" in os.environ:
        url = urllib.parse.urlsplit(os.environ["REDIS_URL"])
        return url.hostname, url.port or 6379, url.password
    return os.environ["REDIS_HOST"], int(os.environ["REDIS_PORT"]), None


def ask(*commands):
    """The answer to the last of the commands, on a connection of its own."""
    host, port, password = redis_place()
    if password:
        commands = (("AUTH", password), *commands)
    with socket.create_connection((host, port), timeout=1) as connection:
        lines = connection.makefile("rb")
        for words in commands:
            text = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
            connection.sendall(text.encode())
            line = lines.readline()
            if line[:1] not in (b"+", b":") or not line.endswith(b"\r\n"):
                raise ConnectionError(f"Redis said {line!r}")
    return line[1:].decode().strip()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        try:
            text = ask(("INCR", "visits"))
            self.send_response(200)
        except OSError as error:
            print(f"redis failed: {error}", flush=True)
            text = "later"
            self.send_response(503)
            self.send_header("Retry-After", "1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
