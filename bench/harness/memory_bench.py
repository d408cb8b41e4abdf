"""Anonymous memory (RssAnon, all processes of the server): idle, after requests, with idle connections."""

import time

from harness.load import measure, program, while_holding
from harness.machine import anonymous_megabytes, raise_open_files
from harness.report import Goal, Result, Row, alternate, median_row
from harness.servers import Homespun, Nginx, write_posters, write_requests
from harness.setting import Setting

CONNECTIONS = 10_000
FILES = 16_384
USERS = 100
SETTLE = 2.0  # seconds until what was freed has been given back


def run(setting: Setting) -> Result:
    """A fresh server each round goes through the three states."""
    raise_open_files(FILES)
    connections = CONNECTIONS // 10 if setting.quick else CONNECTIONS
    load = program(setting.build, "bench_load")

    def look(pid: int) -> float:
        time.sleep(SETTLE)
        return anonymous_megabytes(pid)

    def ours() -> dict[str, float]:
        with Homespun(setting.homespun, setting.folder("homespun")) as server:
            secret = server.master_secret()
            port, pid = str(server.port), server.pid
            requests = [server.request(secret, user, "GET", "/info/collections") for user in range(1, USERS + 1)]
            gets = write_requests(setting.scratch / "gets", requests)
            posters = write_posters(setting.scratch / "posters", server, secret, USERS)
            idle = look(pid)
            measure([load, "post", port, str(posters), "--connections", "8", "--count", "500"])
            measure([load, "replay", port, str(gets), "--connections", "8", "--count", "500"])
            used = look(pid)
            held = while_holding([load, "hold", port, str(gets), "--connections", str(connections)], lambda: look(pid))
            return {"idle": idle, "used": used, "held": held}

    def theirs() -> dict[str, float]:
        nginx = Nginx(setting.folder("nginx"), "{}")
        nginx.start()
        try:
            port, pid = str(nginx.port), nginx.pid
            gets = write_requests(setting.scratch / "gets", [f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()])
            idle = look(pid)
            measure([load, "replay", port, str(gets), "--connections", "8", "--count", "1000"])
            used = look(pid)
            held = while_holding([load, "hold", port, str(gets), "--connections", str(connections)], lambda: look(pid))
            return {"idle": idle, "used": used, "held": held}
        finally:
            nginx.stop()

    figures = alternate(min(setting.rounds, 3), [ours, theirs])
    small, large = (Goal(bound, at_least=False, of_ratio=False, unit="MB") for bound in (15, 60))

    def row(what: str, name: str, goal: Goal | None) -> Row:
        return median_row(what, "MB", figures, name, goal)

    return Result(
        "memory",
        "nginx, master and worker",
        [
            row("idle after the start", "idle", small),
            row("idle after 1,000 requests", "used", None),
            row(f"with {connections:,} idle connections", "held", large),
        ],
        {"rounds": figures, "connections": connections},
    )
