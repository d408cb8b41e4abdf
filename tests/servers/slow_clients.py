#!/usr/bin/env python3
"""A crowd of slow clients against one server, and what a normal client notices of it.

    slow_clients.py --homespun build/dev/homespun [--clients 10000] [--patience 30]

A tenth sends a body and keeps the last byte back (the hoarders), a tenth never reads a large listing (the readers), the others
connect and say nothing (idle), send a head byte by byte (heads) or a body byte by byte (bodies). The last line has the figures.
"""

import argparse
import json
import multiprocessing
import os
import re
import resource
import selectors
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e")]

from homespun_server import HomespunServer  # noqa: E402
from sync_client import SyncStorage, Token, hawk_header, request, sign_token  # noqa: E402

KINDS = ("idle", "head", "body", "hoard", "reader")
BODY = 2_500_000
SOURCES = 20  # addresses 127.0.1.1 and so on: a pair of addresses has some 28,000 ports only
PERIOD = 0.5  # seconds between two bytes


def kind_of(number: int) -> str:
    """Four of five are slow, the others greedy: one half of these sends, the other does not read."""
    return "hoard" if number % 10 == 8 else "reader" if number % 10 == 9 else KINDS[number % 3]


@dataclass(eq=False)
class Slow:
    """One slow client."""

    kind: str
    socket: socket.socket
    pending: bytes = b""  # to be sent as fast as possible
    trickle: bytes = b""  # then this, a byte at a time


class Crowd:
    """All of them, in a process of their own: nothing here may slow the normal client down."""

    def __init__(self, port: int, token: Token, clients: int) -> None:
        self._port, self._token, self._clients = port, token, clients
        self._poll = selectors.DefaultSelector()
        self._open: set[Slow] = set()
        self.came: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    def start(self, number: int) -> None:
        """Connects one; it counts as come also when it is turned away."""
        kind = kind_of(number)
        peer = socket.socket()
        if kind == "reader":
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.bind((f"127.0.1.{1 + number % SOURCES}", 0))
        peer.setblocking(False)
        peer.connect_ex(("127.0.0.1", self._port))
        slow = Slow(kind, peer)
        if kind == "head":
            slow.pending, slow.trickle = b"GET /__heartbeat__ HTTP/1.1\r\nHost: ", b"x" * 10_000
        elif kind in ("body", "hoard"):
            head = f"POST /storage/1.5/1/storage/col HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {BODY}\r\n\r\n"
            slow.pending = head.encode() + (b"" if kind == "body" else b"x" * (BODY - 10_000))
            slow.trickle = b"x" * 9_999
        elif kind == "reader":
            url = self._token.endpoint + "/storage/large?full=1"
            signed = hawk_header(url, "GET", self._token.id, self._token.key.encode())
            slow.pending = f"GET {urlsplit(url).path}?full=1 HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nAuthorization: {signed}\r\n\r\n".encode()
        self._open.add(slow)
        self.came[kind] += 1
        self._watch(slow)

    def _watch(self, slow: Slow) -> None:
        """Readers never look; so they notice their end only by writing. Everybody else waits for it."""
        events = (selectors.EVENT_WRITE if slow.pending else 0) | (0 if slow.kind == "reader" and not slow.pending else selectors.EVENT_READ)
        if slow.socket in self._poll.get_map():
            self._poll.unregister(slow.socket)
        if events:
            self._poll.register(slow.socket, events, slow)

    def _end(self, slow: Slow, how: str) -> None:
        if slow.socket in self._poll.get_map():
            self._poll.unregister(slow.socket)
        slow.socket.close()
        self._open.discard(slow)
        self.ended[f"{slow.kind} {how}"] += 1

    def step(self) -> None:
        """What can be sent is sent; who has been closed is counted."""
        for key, events in self._poll.select(0.05):
            slow: Slow = key.data
            try:
                if events & selectors.EVENT_WRITE and slow.pending:
                    slow.pending = slow.pending[slow.socket.send(slow.pending[:65536]) :]
                    if not slow.pending:
                        self._watch(slow)
                if events & selectors.EVENT_READ and slow.kind != "reader":
                    answer = slow.socket.recv(4096)
                    self._end(slow, "408" if answer.startswith(b"HTTP/1.1 408") else "closed" if not answer else answer[:12].decode())
            except BlockingIOError:
                pass
            except OSError:
                self._end(slow, "closed")

    def trickle(self) -> None:
        """A byte of each slow one; readers are asked whether they still have a connection."""
        for slow in list(self._open):
            try:
                if slow.kind == "reader" and not slow.pending:
                    if slow.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] not in (1, 4, 5):  # ESTABLISHED, FIN_WAIT
                        self._end(slow, "closed")
                elif slow.trickle and not slow.pending:
                    slow.socket.send(slow.trickle[:1])
            except BlockingIOError:
                pass
            except OSError:
                self._end(slow, "closed")

    def run(self, pipe: Connection) -> None:
        """Connects all of them within some seconds, then goes on until told to end; sends back the counts."""
        begin = last = time.monotonic()
        started = 0
        per_second = max(500, self._clients // 5)
        while not pipe.poll():
            now = time.monotonic()
            while started < min(self._clients, int((now - begin) * per_second)):
                self.start(started)
                started += 1
            self.step()
            if now - last >= PERIOD:
                last = now
                self.trickle()
        pipe.send((self.came, self.ended))
        for slow in list(self._open):
            slow.socket.close()


def crowd_main(port: int, token: Token, clients: int, pipe: Connection) -> None:
    """The crowd's process."""
    Crowd(port, token, clients).run(pipe)


@dataclass
class Findings:
    """What came out."""

    latencies: list[float] = field(default_factory=list)  # seconds
    failures: list[str] = field(default_factory=list)
    peak_kib: int = 0
    came: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    counted: dict[str, int] = field(default_factory=dict)  # homespun_connections_ended_total by reason
    most_open: int = 0

    def p99_ms(self) -> float:
        """Of the normal client's requests."""
        return sorted(self.latencies)[len(self.latencies) * 99 // 100] * 1000

    def text(self) -> str:
        """For people, one line each."""
        return "\n".join(
            (
                f"came: {dict(self.came)}",
                f"ended: {dict(sorted(self.ended.items()))}",
                f"the server counted: {self.counted}",
                f"slow clients: {sum(self.came.values())}, {self.most_open} open at once; the normal client: {len(self.latencies)} "
                f"requests, {len(self.failures)} failed, median {sorted(self.latencies)[len(self.latencies) // 2] * 1000:.1f} ms, "
                f"p99 {self.p99_ms():.1f} ms; the server's peak: {self.peak_kib / 1024:.0f} MiB",
            )
        )


def resident_kib(group: int) -> int:
    """Resident memory of all processes of a group."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.getpgid(int(entry.name)) == group:
                found = re.search(r"^VmRSS:\s+(\d+)", (entry / "status").read_text(), re.MULTILINE)
                total += int(found[1]) if found else 0
        except (OSError, ProcessLookupError):
            continue
    return total


def counts(server: HomespunServer) -> dict[str, int]:
    """The ended connections by reason."""
    text = request("GET", f"{server.root}/metrics").body.decode()
    return {
        reason: int(count) for reason, count in re.findall(r'^homespun_connections_ended_total\{reason="(\w+)"\} (\d+)', text, re.MULTILINE)
    }


def fill(token: Token) -> None:
    """A listing of some 5 MB."""
    storage = SyncStorage(token)
    for number in range(5):
        body = json.dumps([{"id": f"{number}{each}", "payload": "x" * 50_000} for each in range(20)]).encode()
        answer = storage.request("POST", "/storage/large", body)
        if answer.status != 200:
            raise AssertionError(f"the listing cannot be made: {answer.status} {answer.body!r}")


def normal_request(storage: SyncStorage, number: int, found: Findings) -> None:
    """A small write or read, each on a connection of its own: whoever comes anew must get in."""
    begin = time.monotonic()
    try:
        if number % 2:
            answer = storage.request("GET", "/storage/col?full=1")
        else:
            answer = storage.request("PUT", f"/storage/col/{number % 20}", b'{"payload": "hello"}')
        if answer.status != 200:
            found.failures.append(f"{answer.status} {answer.body!r}")
    except OSError as problem:
        found.failures.append(repr(problem))
    found.latencies.append(time.monotonic() - begin)


def measure(server: HomespunServer, group: int, clients: int, seconds: float) -> Findings:
    """Lets the crowd in for so long."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < clients + 100:
        raise AssertionError(f"{clients} clients need as many descriptors, but there are {hard}")
    secret = server.master_secret()
    token = sign_token(secret, server.root, 1, 3600)
    fill(token)
    storage = SyncStorage(sign_token(secret, server.root, 2, 3600))
    found = Findings()
    ours, theirs = multiprocessing.Pipe()
    crowd = multiprocessing.Process(target=crowd_main, args=(server.port, token, clients, theirs), daemon=True)
    crowd.start()
    theirs.close()
    try:
        end, number, looked = time.monotonic() + seconds, 0, 0.0
        while time.monotonic() < end:
            normal_request(storage, number, found)
            number += 1
            if time.monotonic() - looked > 0.25:
                looked = time.monotonic()
                found.peak_kib = max(found.peak_kib, resident_kib(group))
                open_now = request("GET", f"{server.root}/__lbheartbeat__").json()["active_connections"]
                found.most_open = max(found.most_open, open_now)
            time.sleep(0.02)
        found.counted = counts(server)
        ours.send("end")
        found.came, found.ended = ours.recv()
    finally:
        crowd.terminate()
        crowd.join(10)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return found


def main() -> int:
    """0 when the normal client was always served."""
    parser = argparse.ArgumentParser(description="Slow clients against one server.")
    parser.add_argument("--homespun", type=Path, required=True)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--patience", type=int, default=0, help="of the server in seconds, test builds only (0: as shipped)")
    parser.add_argument("--seconds", type=float, default=150)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="homespun-slow-") as folder:
        more = {"HOMESPUN_TEST_PATIENCE": str(options.patience)} if options.patience else {}
        server = HomespunServer(options.homespun.resolve(), Path(folder) / "server", environment=more)
        with server:
            found = measure(server, server.pid, options.clients, options.seconds)
        lines = server.log.read_text().splitlines()
    print(f"{len(lines)} lines in the server's log")
    print("\n".join(line for line in lines if "connections_ended" in line))
    print("\n".join(found.failures[:5]))
    print(found.text())
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
