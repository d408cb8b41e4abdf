"""`GET info/collections`, authenticated, against nginx answering the same bytes from its configuration."""

import json

from harness.load import measure, per_request, program
from harness.machine import CLIENT_CPU, SERVER_CPU, pinned
from harness.report import Goal, Result, alternate, median_row
from harness.servers import Homespun, Nginx, send, write_requests
from harness.setting import Setting

CONNECTIONS = 64
# What a browser that syncs everything has.
COLLECTIONS = (
    "addons addresses bookmarks clients creditcards crypto extension-storage forms history keys meta passwords prefs tabs"
).split()
SAME_HEADERS = ("x-last-modified", "x-weave-timestamp", "x-weave-records")


def run(setting: Setting) -> Result:
    """One connection for each of 64 users."""
    users = range(1, CONNECTIONS + 1)
    server = Homespun(setting.homespun, setting.folder("homespun"), ["--set", "threads=1"])
    with pinned(SERVER_CPU):
        server.start()
    try:
        secret = server.master_secret()
        for user in users:
            for name in COLLECTIONS:
                record = json.dumps([{"id": "only", "payload": "{}"}]).encode()
                send(server.port, server.request(secret, user, "POST", f"/storage/{name}", record))
        requests = [server.request(secret, user, "GET", "/info/collections") for user in users]
        headers, body = send(server.port, requests[0])
        if sorted(json.loads(body)) != sorted(COLLECTIONS):
            raise RuntimeError(f"info/collections says {body!r}")
        nginx = Nginx(setting.folder("nginx"), body.decode(), {name: headers[name] for name in SAME_HEADERS}, alone=True)
        with pinned(SERVER_CPU):
            nginx.start()
        try:
            return compare(setting, server, nginx, requests)
        finally:
            nginx.stop()
    finally:
        server.stop()


def compare(setting: Setting, server: Homespun, nginx: Nginx, requests: list[bytes]) -> Result:
    """Both servers stand; each in turn is asked the same by the same client."""
    ours = write_requests(setting.scratch / "ours.requests", requests)
    host, other = f"127.0.0.1:{server.port}".encode(), f"127.0.0.1:{nginx.port}".encode()
    theirs = write_requests(setting.scratch / "theirs.requests", [request.replace(host, other, 1) for request in requests])
    sizes: dict[str, float] = {}

    def ask(name: str, port: int, pid: int, path: str) -> dict[str, float]:
        command = [program(setting.build, "bench_load"), "replay", str(port), path, "--connections", str(CONNECTIONS)]
        said = measure([*command, "--seconds", str(setting.seconds)], pid, CLIENT_CPU)
        sizes[f"{name}_head_bytes"], sizes[f"{name}_body_bytes"] = said["head_bytes"], said["body_bytes"]
        return per_request(said)

    figures = alternate(
        setting.rounds,
        [
            lambda: ask("ours", server.port, server.pid, str(ours)),
            lambda: ask("nginx", nginx.port, nginx.pid, str(theirs)),
        ],
    )
    if sizes["ours_body_bytes"] != sizes["nginx_body_bytes"]:
        raise RuntimeError(f"the bodies differ in size: {sizes}")
    return Result(
        "collections",
        "nginx, return 200",
        [
            median_row("requests", "/s", figures, "requests_per_s", Goal(0.5, at_least=True, of_ratio=True)),
            median_row("CPU a request", "µs", figures, "server_cpu_us"),
            median_row("latency, median", "µs", figures, "p50_us"),
            median_row("server's CPU in use", "cores", figures, "server_busy"),
        ],
        {"rounds": figures, "request_bytes": len(requests[0]), **sizes},
    )
