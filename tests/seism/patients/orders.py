"""An application over PostgreSQL: orders.py PORT, with DATABASE_URL. PostgreSQL's own client asks; what fails is a 500, which
is its sin."""

import http.server
import os
import subprocess
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        command = ["psql", os.environ["DATABASE_URL"], "-X", "-q", "-A", "-t", "-c", "select 40 + 2"]
        try:
            said = subprocess.run(command, capture_output=True, timeout=4, check=True).stdout
            self.send_response(200)
        except (subprocess.SubprocessError, OSError):
            said = b"broken\n"
            self.send_response(500)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
