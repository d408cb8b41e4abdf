"""Seism's engine beside HAProxy (`mode tcp`, one thread) and no proxy at all: what a proxy adds, and how exact toxics are."""

import json
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from typing import Any

from harness.load import measure, program
from harness.machine import CLIENT_CPU, SERVER_CPU, anonymous_megabytes, cpu_seconds, pinned, raise_open_files
from harness.proxies import HAProxy, Seism, Talker, free_port, move, while_open
from harness.report import Goal, Result, Row, alternate, median_row
from harness.servers import Nginx
from harness.setting import Setting

CONNECTIONS = 32
IDLE = 1_000
FILES = 16_384
FLOOD = 16  # streams at full speed while toxics come and go
DELAYS_MS = (1, 10, 100)
RATES_KB = (1_000, 10_000, 100_000)
Figures = dict[str, float]


def run(setting: Setting) -> Result:
    """Proxies on CPU 0, both ends on CPU 1; for the round trips all on CPU 1, or waking the other CPU is most of the time."""
    for needed in ("wrk", "haproxy"):
        if shutil.which(needed) is None and shutil.which(f"/usr/sbin/{needed}") is None:
            raise RuntimeError(f"{needed} is missing: apt-get install {needed}")
    raise_open_files(FILES)
    carried = bytes_carried(setting)
    connections = connections_made(setting)
    ours, theirs, _ = carried
    both = [merged(ours, connections[0]), merged(theirs, connections[1])]
    rows = [
        median_row("round trip of 64 bytes, added to the median", "µs", both, "added_us", Goal(1.0, at_least=False, of_ratio=True)),
        median_row("one stream", "Gbit/s", both, "gbit", Goal(1.3, at_least=True, of_ratio=True)),
        median_row("one stream: a second of proxy CPU", "Gbit", both, "gbit_a_cpu_second"),
        median_row("new connections, one request each", "/s", both, "new_per_s", Goal(1.3, at_least=True, of_ratio=True)),
        median_row("new connections a second of proxy CPU", "/s", both, "new_a_cpu_second"),
        median_row("requests on open connections", "/s", both, "kept_per_s"),
        median_row("memory of an idle connection, 1,000 of them", "kB", both, "idle_kb", Goal(12, at_least=False, of_ratio=False, unit="kB")),
    ]
    toxics, details = toxics_kept(setting)
    return Result("proxy", "HAProxy 2.6, mode tcp", rows + toxics, {"carried": carried, "connections": connections, "toxics": details})


def merged(*parts: dict[str, list[float]]) -> dict[str, list[float]]:
    """Figures of several parts of the benchmark."""
    return {name: values for part in parts for name, values in part.items()}


def bytes_carried(setting: Setting) -> list[dict[str, list[float]]]:
    """Round trips, one stream, idle connections: ours, HAProxy's and without a proxy."""
    peers = program(setting.build, "bench_peers")
    upstream = free_port()
    server = Talker([peers, "serve", str(upstream)], CLIENT_CPU)
    proxies = (Seism(program(setting.build, "bench_seism_proxy"), upstream), HAProxy(setting.folder("haproxy"), upstream))
    fresh = {proxy: anonymous_megabytes(proxy.pid) for proxy in proxies}
    seconds = str(setting.seconds)
    direct_us: list[float] = []

    def round_trip(port: int) -> float:
        return float(measure([peers, "ping", str(port), seconds], cpu=CLIENT_CPU)["latency"]["p50_us"])

    def direct() -> Figures:
        direct_us.append(round_trip(upstream))
        return {"p50_us": direct_us[-1]}

    def through(proxy: Seism | HAProxy) -> Figures:
        move(proxy.pid, CLIENT_CPU)
        trip = round_trip(proxy.port)
        base = round_trip(upstream)
        move(proxy.pid, SERVER_CPU)
        bulk = measure([peers, "bulk", str(proxy.port), seconds], proxy.pid, CLIENT_CPU)
        gbit = bulk["bytes"] * 8 / 1e9
        count = IDLE // 10 if setting.quick else IDLE
        def look() -> float:
            time.sleep(0.5)
            return anonymous_megabytes(proxy.pid) - fresh[proxy]

        held = while_open([peers, "hold", str(proxy.port), str(count)], CLIENT_CPU, look)
        return {
            "p50_us": trip,
            "added_us": trip - base,
            "gbit": gbit / bulk["seconds"],
            "gbit_a_cpu_second": gbit / bulk["server_cpu_seconds"],
            "idle_kb": held * 1000 / count,
        }

    try:
        return alternate(setting.rounds, [lambda: through(proxies[0]), lambda: through(proxies[1]), direct])
    finally:
        for process in (*proxies, server):
            process.stop()


def connections_made(setting: Setting) -> list[dict[str, list[float]]]:
    """wrk through the proxies to nginx: a connection for each request, and connections that stay."""
    nginx = Nginx(setting.folder("nginx"), "x" * 64, alone=True)
    with pinned(CLIENT_CPU):
        nginx.start()
    proxies = (Seism(program(setting.build, "bench_seism_proxy"), nginx.port), HAProxy(setting.folder("haproxy"), nginx.port))

    def requests(port: int, pid: int, *more: str) -> tuple[float, float]:
        """A second, and a second of the proxy's CPU."""
        spent = -cpu_seconds(pid)
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{setting.seconds}", *more, f"http://127.0.0.1:{port}/"]
        with pinned(CLIENT_CPU):
            text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        spent += cpu_seconds(pid)
        found = re.search(r"(\d+) requests in ([\d.]+)s", text)
        if found is None or "Non-2xx" in text or "Socket errors" in text:
            raise RuntimeError(f"wrk: {text}")
        return int(found[1]) / float(found[2]), int(found[1]) / spent

    def through(port: int, pid: int) -> Figures:
        new, new_cpu = requests(port, pid, "-H", "Connection: close")
        kept, kept_cpu = requests(port, pid)
        return {"new_per_s": new, "new_a_cpu_second": new_cpu, "kept_per_s": kept, "kept_a_cpu_second": kept_cpu}

    def way(port: int, pid: int) -> Callable[[], Figures]:
        return lambda: through(port, pid)

    try:
        return alternate(setting.rounds, [*(way(proxy.port, proxy.pid) for proxy in proxies), way(nginx.port, nginx.pid)])
    finally:
        for process in (*proxies, nginx):
            process.stop()


def toxics_kept(setting: Setting) -> tuple[list[Row], dict[str, Any]]:
    """How far latency and bandwidth are from what was ordered, and how long a removal takes under load."""
    peers = program(setting.build, "bench_peers")
    upstream = free_port()
    server = Talker([peers, "serve", str(upstream)], CLIENT_CPU)
    seism = Seism(program(setting.build, "bench_seism_proxy"), upstream)

    def client(*words: Any) -> dict[str, Any]:
        with pinned(CLIENT_CPU):
            said = subprocess.run([peers, *map(str, words)], check=True, capture_output=True, text=True, timeout=300).stdout
        answer: dict[str, Any] = json.loads(said.splitlines()[-1])
        return answer

    def latency(milliseconds: int) -> dict[str, float]:
        """Milliseconds by which a round trip differs from one without the toxic, at the median, and the delay that was ordered."""
        count = (20 if setting.quick else 400) if milliseconds < 100 else 50
        # After as long a rest: the longer a processor slept, the later it wakes, at both ends too.
        bare = client("paced", seism.port, count, max(milliseconds, 2))["latency"]["p50_us"]
        seism.add("t", "latency", latency=milliseconds)
        found = client("paced", seism.port, count, 2)["latency"]
        seism.remove("t")
        errors = {name: (found[f"{name}_us"] - bare) / 1000 - milliseconds for name in ("p50", "p99")}
        return {**errors, "bare": bare / 1000}

    def bandwidth(rate: int) -> float:
        """Percent by which the time for a second's bytes differs from a second."""
        seism.add("t", "bandwidth", rate=rate)
        took = float(client("fetch", seism.port, rate * 1000)["seconds"])
        seism.remove("t")
        return abs(took - 1) * 100

    def removals() -> float:
        """Milliseconds, the longest of many while streams run at full speed."""
        worst = 0.0
        for _ in range(5 if setting.quick else 50):
            seism.add("t", "latency", latency=20)
            time.sleep(0.05)
            worst = max(worst, seism.remove("t") / 1000)
        return worst

    try:
        rounds = range(setting.rounds)
        delays = {delay: [latency(delay) for _ in rounds] for delay in DELAYS_MS}
        rates = {rate: [bandwidth(rate) for _ in rounds] for rate in RATES_KB}
        removal = while_open([peers, "flood", str(seism.port), str(FLOOD)], CLIENT_CPU, removals)
    finally:
        seism.stop()
        server.stop()

    def alone(what: str, unit: str, value: float, bound: float) -> Row:
        return Row(what, unit, value, 0, 0, Goal(bound, at_least=False, of_ratio=False, unit=unit))

    rows = [
        alone(f"latency of {delay} ms: error of the {name}", "ms", statistics.median(abs(each[name]) for each in found), bound)
        for delay, found in delays.items()
        for name, bound in (("p50", 0.1), ("p99", 1.0))
    ]
    rows += [alone(f"bandwidth of {rate / 1000:g} MB/s: error", "%", statistics.median(found), 2) for rate, found in rates.items()]
    rows.append(alone(f"a latency removed while {FLOOD} streams run, longest", "ms", removal, 50))
    return rows, {"latency": delays, "bandwidth": rates, "removal_ms": removal}
