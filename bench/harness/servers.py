"""The servers under test: ours and nginx, each with a folder of its own below the scratch folder."""

import http.client
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from homespun_server import HomespunServer
from processes import Child, free_port
from sync_client import hawk_header, sign_token

TOKEN_LIFETIME = 24 * 3600


class Homespun(HomespunServer):
    """Ours; start() and stop() as there."""

    @property
    def pid(self) -> int:
        """Of the process that was started: the parent, unless there is none."""
        assert self._child is not None
        return self._child.pid

    def request(self, secret: str, user: int, method: str, path: str, body: bytes = b"") -> bytes:
        """A signed storage request as it goes over the wire; `path` comes after the user, query included."""
        target, authorization = self.signed(secret, user, method, path)
        head = [f"{method} {target} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", f"Authorization: {authorization}"]
        if body:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, "", ""]).encode() + body

    def signed(self, secret: str, user: int, method: str, path: str) -> tuple[str, str]:
        """Target and Authorization header."""
        token = sign_token(secret, self.root, user, TOKEN_LIFETIME)
        url = token.endpoint + path
        return url.removeprefix(self.root), hawk_header(url, method, token.id, token.key.encode())


class Nginx:
    """Answers 200 with a fixed body on every path. One worker; without a master when `alone`."""

    def __init__(self, folder: Path, body: str = "", headers: Mapping[str, str] | None = None, alone: bool = False) -> None:
        folder.mkdir(parents=True)
        self.port = free_port()
        self.log = folder / "nginx.log"
        add = "\n".join(f"    add_header {name} '{value}';" for name, value in (headers or {}).items())
        self._configuration = folder / "nginx.conf"
        self._configuration.write_text(
            f"""daemon off;
master_process {"off" if alone else "on"};
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {self.log} warn;
events {{ worker_connections 12000; }}
http {{
    access_log off;
    default_type application/json;
    keepalive_timeout 600s;
    keepalive_requests 1000000000;
    large_client_header_buffers 4 16k;
{add}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{ return 200 '{body}'; }}
    }}
}}
"""
        )
        self._child: Child | None = None

    @property
    def pid(self) -> int:
        """Of the master, or of the only process."""
        assert self._child is not None
        return self._child.pid

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return ["/usr/sbin/nginx", "-e", str(self.log), "-c", str(self._configuration)]

    def start(self) -> None:
        """Waits until it answers."""
        self._child = Child(self.command, self.log)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                if get(self.port, "/")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"nginx does not answer; see {self.log}")

    def stop(self) -> None:
        """Ends it."""
        if self._child is not None:
            self._child.terminate()
            self._child = None


def get(port: int, path: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    finally:
        connection.close()


def send(port: int, request: bytes) -> tuple[dict[str, str], bytes]:
    """Sends a request that is ready; headers and body of the answer, which must be 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.connect()
        connection.sock.sendall(request)
        response = http.client.HTTPResponse(connection.sock, method=request.split(b" ", 1)[0].decode())
        response.begin()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{request[:60]!r}… was answered with {response.status} {body[:200]!r}")
        return {name.lower(): value for name, value in response.getheaders()}, body
    finally:
        connection.close()


def check_finished(finished: subprocess.Popen[str]) -> None:
    """Raises RuntimeError when a helper failed."""
    if finished.returncode != 0:
        raise RuntimeError(f"{Path(str(finished.args[0])).name} ended with {finished.returncode}")  # type: ignore[index]


def write_requests(path: Path, requests: Sequence[bytes]) -> Path:
    """The file that `bench_load replay` and `hold` read."""
    path.write_bytes(b"".join(b"%d\n%s" % (len(request), request) for request in requests))
    return path


def write_posters(path: Path, server: Homespun, secret: str, users: int) -> Path:
    """The file that `bench_load post` reads: users from 1 on, who write to their history."""
    lines = ["\t".join(server.signed(secret, user, "POST", "/storage/history")) for user in range(1, users + 1)]
    path.write_text("\n".join(lines) + "\n")
    return path
