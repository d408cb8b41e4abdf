"""An application over an HTTP service: page.py PORT SERVICE_URL. Says 503 with Retry-After when the service
fails in any way."""

import http.client
import http.server
import sys
import urllib.error
import urllib.request


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    service = ""

    def do_GET(self):
        try:
            with urllib.request.urlopen(self.service, timeout=1) as answer:
                text = answer.read()
            if not text.startswith(b"served"):
                raise ValueError("the service says something else")
        except (OSError, ValueError, http.client.HTTPException) as error:
            print(f"service failed: {error}", flush=True)
            self.send_response(503)
            self.send_header("Retry-After", "1")
            text = b"later\n"
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    Handler.service = sys.argv[2]
    http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
