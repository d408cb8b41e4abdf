"""A seism server under test, servers for it to stand before, and what the cases measure with."""

import http.client
import json
import os
import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from processes import Child, tail

PATIENCE = 20.0  # seconds for what must happen, on a busy machine


def check(holds: bool, text: str) -> None:
    """Raises AssertionError with `text` when it does not hold."""
    if not holds:
        raise AssertionError(text)


def wait_until(holds: Callable[[], bool], text: str, limit: float = PATIENCE) -> None:
    """Raises AssertionError when it does not hold in time."""
    end = time.monotonic() + limit
    while not holds():
        check(time.monotonic() < end, f"not within {limit:.0f} s: {text}")
        time.sleep(0.01)


@dataclass(frozen=True)
class Answer:
    """What the API said; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The words of a refusal."""
        return str(self.json["error"])


class SeismServer:
    """`seism server` on a free port of loopback, ended with the block."""

    def __init__(self, program: Path, folder: Path, *flags: str, command: tuple[str, ...] = ("server",)) -> None:
        """`command` comes between the program and the flags."""
        self.log = folder / "server.log"
        self._command = [str(program), *command, "-port", "0", *flags]
        self._child: Child | None = None
        self.port = 0

    def __enter__(self) -> Self:
        self._child = Child(self._command, self.log)
        try:
            wait_until(self._serves, f"it serves: {tail(self.log, 5)}")
        except AssertionError:
            self._child.terminate()
            raise
        return self

    def _serves(self) -> bool:
        found = re.search(r" seism_serves address=\S+?:(\d+) ", tail(self.log, 20))
        self.port = int(found[1]) if found else 0
        return found is not None

    def __exit__(self, *_: object) -> None:
        assert self._child is not None
        alive = self._child.alive()
        status = self._child.terminate()
        check(alive and status == 0, f"the server ended with {status}, alive until then: {alive}; {tail(self.log, 10)}")

    @property
    def url(self) -> str:
        """Of the API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Of the server."""
        assert self._child is not None
        return self._child.pid

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Answer:
        """One call; `body` is sent as it is when it is bytes, else as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, data, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def well(self, method: str, path: str, body: object = None) -> Answer:
        """A call that must succeed."""
        answer = self.call(method, path, body)
        check(answer.status < 300, f"{method} {path} {body}: {answer.status} {answer.body!r}")
        return answer

    def proxy(self, upstream: str, name: str = "p", speaks: str = "") -> int:
        """Makes a proxy on a free port; the port. `speaks`: a type for requests of a protocol, so that connections are understood
        which come before anything is done to them; one of it is there from the beginning, and meets nothing."""
        made = self.well("POST", "/proxies", {"name": name, "listen": "127.0.0.1:0", "upstream": upstream}).json
        if speaks:
            self.toxic(speaks, proxy=name, toxicity=0, name="speaks")
        return int(made["listen"].rsplit(":", 1)[1])

    def toxic(self, type_name: str, /, stream: str = "downstream", toxicity: float = 1, proxy: str = "p", name: str = "", **attributes: object) -> str:
        """Adds a toxic; its name."""
        body = {"type": type_name, "name": name or f"{type_name}_{stream}", "stream": stream, "toxicity": toxicity, "attributes": attributes}
        return str(self.well("POST", f"/proxies/{quote(proxy, '')}/toxics", body).json["name"])

    def remove(self, toxic: str, proxy: str = "p") -> None:
        """Takes a toxic away."""
        self.well("DELETE", f"/proxies/{quote(proxy, '')}/toxics/{quote(toxic, '')}")

    @contextmanager
    def met(self, type_name: str, /, **attributes: object) -> Iterator[None]:
        """Requests meet this toxic as long as the block lasts."""
        name = self.toxic(type_name, **attributes)
        yield
        self.remove(name)

    def bytes_moved(self) -> int:
        """What went to servers and clients until now; needs -proxy-metrics."""
        text = self.well("GET", "/metrics").body.decode()
        return sum(int(n) for n in re.findall(r"^toxiproxy_proxy_sent_bytes_total\{.*\} (\d+)$", text, re.MULTILINE))


Handler = Callable[[socket.socket], None]


def echo(peer: socket.socket) -> None:
    """Gives back what comes."""
    while data := peer.recv(1 << 16):
        peer.sendall(data)


@contextmanager
def upstream(handler: Handler = echo) -> Iterator[str]:
    """A server whose connections each get a thread with `handler`; its address. What the network throws ends a thread quietly."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)

    def one(peer: socket.socket) -> None:
        with peer:
            try:
                handler(peer)
            except OSError:
                pass

    def accept() -> None:
        while True:
            try:
                peer = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=one, args=(peer,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(PATIENCE)


def sends(data: bytes) -> Handler:
    """A server that sends this and waits for the client to go."""

    def handler(peer: socket.socket) -> None:
        peer.sendall(data)
        while peer.recv(1 << 16):
            pass

    return handler


def connect(port: int, limit: float = PATIENCE) -> socket.socket:
    """A connection to a proxy."""
    peer = socket.create_connection(("127.0.0.1", port), limit)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return peer


def receive(peer: socket.socket, size: int) -> bytes:
    """So many bytes, or those until the end."""
    data = b""
    while len(data) < size and (piece := peer.recv(min(1 << 16, size - len(data)))):
        data += piece
    return data


def round_trip(peer: socket.socket, data: bytes = b"ping") -> float:
    """How long an echo takes."""
    begin = time.monotonic()
    peer.sendall(data)
    came = receive(peer, len(data))
    check(came == data, f"{len(came)} bytes of {len(data)} came back, or others")
    return time.monotonic() - begin


def ending(peer: socket.socket) -> str:
    """How the connection ends, as its client sees it: `end` (FIN) or `reset`; data before it does not matter."""
    try:
        while peer.recv(1 << 16):
            pass
    except ConnectionResetError:
        return "reset"
    return "end"


def refused(port: int) -> bool:
    """Whether a connection is refused."""
    try:
        connect(port).close()
    except ConnectionRefusedError:
        return True
    return False


def is_quiet(peer: socket.socket, seconds: float) -> bool:
    """Whether neither data nor an end comes for so long."""
    before = peer.gettimeout()
    peer.settimeout(seconds)
    try:
        peer.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return True
    finally:
        peer.settimeout(before)
    return False


def between(took: float, least: float, text: str, slack: float = 5.0) -> None:
    """`took` must be no less than `least` (seconds), and not much more: machines are busy."""
    check(least - 0.002 <= took <= least + slack, f"{text}: {took * 1000:.1f} ms, not {least * 1000:.0f} and a bit more")


def many_descriptors() -> None:
    """As many as this process may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(pid: int) -> float:
    """What a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
