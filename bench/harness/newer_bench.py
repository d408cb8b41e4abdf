"""`GET storage/history?newer=T&full=1` with 100 new records: a collection of a million against one of ten thousand."""

import json
import secrets
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from harness.load import measure, per_request, program
from harness.machine import CLIENT_CPU, SERVER_CPU, pinned
from harness.report import Goal, Result, alternate, median_row
from harness.servers import Homespun, send, write_requests
from harness.setting import Setting

SMALL, LARGE = 10_000, 1_000_000
NEW = 100
PAYLOAD = 300
USER = 7


@dataclass
class Filled:
    """A server with one user's collection, and the request for what is new there."""

    server: Homespun
    requests: Path

    def measure(self, setting: Setting) -> dict[str, float]:
        """One connection that asks again and again."""
        command = [program(setting.build, "bench_load"), "replay", str(self.server.port), str(self.requests), "--connections", "1"]
        return per_request(measure([*command, "--seconds", str(setting.seconds)], self.server.pid, CLIENT_CPU))


def run(setting: Setting) -> Result:
    """Two servers with a store each; only one is asked at a time."""
    sizes = (LARGE // 10 if setting.quick else LARGE, SMALL)
    servers: list[Filled] = []
    try:
        servers += [fill(setting, size) for size in sizes]
        figures = alternate(setting.rounds, [lambda: servers[0].measure(setting), lambda: servers[1].measure(setting)])
    finally:
        for filled in servers:
            filled.server.stop()
    goal = Goal(1.2, at_least=False, of_ratio=True)
    return Result(
        "newer",
        f"{SMALL:,} records",
        [
            median_row(f"{sizes[0]:,} records: latency, median", "µs", figures, "p50_us", goal),
            median_row(f"{sizes[0]:,} records: CPU a request", "µs", figures, "server_cpu_us", goal),
        ],
        {"rounds": figures, "new_records": NEW, "payload_bytes": PAYLOAD},
    )


def fill(setting: Setting, size: int) -> Filled:
    """The old records go straight through the store, the new ones over HTTP."""
    server = Homespun(setting.homespun, setting.folder(f"homespun-{size}"), ["--set", "threads=1"])
    with server:  # once, so that the data directory is there
        secret = server.master_secret()
    store = str(server.data / "store")
    subprocess.run([program(setting.build, "bench_fill"), store, str(USER), "history", str(size), str(PAYLOAD)], check=True)
    with pinned(SERVER_CPU):
        server.start()
    try:
        headers, counts = send(server.port, server.request(secret, USER, "GET", "/info/collection_counts"))
        if json.loads(counts) != {"history": size}:
            raise RuntimeError(f"{size} records were written, the server says {counts!r}")
        before = headers["x-last-modified"]
        time.sleep(0.02)
        ids = [f"new{number:09}" for number in range(NEW)]
        body = json.dumps([{"id": name, "payload": payload()} for name in ids]).encode()
        send(server.port, server.request(secret, USER, "POST", "/storage/history", body))
        request = server.request(secret, USER, "GET", f"/storage/history?newer={before}&full=1")
        _, answer = send(server.port, request)
        records = json.loads(answer)
        if sorted(record["id"] for record in records) != ids or any(len(record["payload"]) != PAYLOAD for record in records):
            raise RuntimeError(f"newer={before} gave {len(records)} records")
    except BaseException:
        server.stop()
        raise
    return Filled(server, write_requests(setting.scratch / f"newer-{size}", [request]))


def payload() -> str:
    """As a browser makes it: JSON with three texts, PAYLOAD bytes."""
    frame = '{"IV":"%s","hmac":"%s","ciphertext":"%s"}'
    texts = [secrets.token_urlsafe(PAYLOAD)[:size] for size in (24, 64, PAYLOAD - len(frame % ("", "", "")) - 24 - 64)]
    return frame % tuple(texts)
