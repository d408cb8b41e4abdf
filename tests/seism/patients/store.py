"""A tiny back-end: `get KEY` is answered with the value, one line each."""

import socketserver
import sys

VALUES = {"price": "42"}


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            self.talk()
        except ConnectionError:
            pass  # clients that are reset are what this store is for

    def talk(self):
        for line in self.rfile:
            words = line.decode("ascii", "replace").split()
            if len(words) == 2 and words[0] == "get":
                answer = VALUES.get(words[1], "")
                self.wfile.write(f"value {answer}\n".encode())
            else:
                self.wfile.write(b"error\n")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        server.serve_forever()
