"""The load generator itself: how many requests a core makes, against wrk on the same page; and a hundred thousand users."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from harness.machine import CLIENT_CPU, SERVER_CPU, pinned
from harness.report import Goal, Result, Row, alternate, median_row
from harness.servers import Homespun, Nginx
from harness.setting import Setting

CONNECTIONS = 64
PAGE = "x" * 600
USERS = 100_000


def run(setting: Setting) -> Result:
    """nginx on CPU 0, the generators in turn on CPU 1; then the users against our own server."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is missing: apt-get install wrk")
    nginx = Nginx(setting.folder("nginx"), PAGE, alone=True)
    with pinned(SERVER_CPU):
        nginx.start()
    try:
        figures = alternate(setting.rounds, [lambda: ours(setting, nginx.port), lambda: theirs(setting, nginx.port)])
    finally:
        nginx.stop()
    rows = [
        median_row("requests a second of generator CPU", "/s", figures, "per_cpu_second", Goal(0.8, at_least=True, of_ratio=True)),
        median_row("requests", "/s", figures, "requests_per_s"),
    ]
    users, connections, seconds, megabytes = hold_users(setting)
    rows.append(Row(f"memory of {users:,} users ({seconds} s)", "MB", megabytes, 0, 0, Goal(200, at_least=False, of_ratio=False, unit="MB")))
    return Result("stampede", "wrk, one thread", rows, {"rounds": figures, "users": users, "connections": connections})


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    """CPU seconds and output of a command on the client's CPU; raises RuntimeError when it fails."""
    log = folder / "generator.log"
    with pinned(CLIENT_CPU), log.open("wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text(encoding="utf-8")
    if child.returncode not in (0, 1, 3):  # a generator that is busy draws no conclusion: that is what is measured here
        raise RuntimeError(f"{command[0]} ended with {child.returncode}: {text}")
    return usage.ru_utime + usage.ru_stime, text


def ours(setting: Setting, port: int) -> dict[str, float]:
    """Closed model without rest, as many users as wrk has connections; each body is compared."""
    folder = setting.folder("run")
    mix = setting.scratch / "page.mix"
    mix.write_text(f"1 GET /\n    expect 200\n    expect-body is {json.dumps(PAGE)}\n", encoding="utf-8")
    command = [str(setting.build / "stampede"), "run", f"http://127.0.0.1:{port}", "--mix", str(mix), "--users", str(CONNECTIONS)]
    command += ["-d", str(setting.seconds), "--warm-up", "0", "--no-calibration", "--no-watch", "-q", "-o", str(folder)]
    cpu, _ = timed(command, setting.scratch)
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    facts = json.loads((folder / "levels.jsonl").read_text(encoding="utf-8").splitlines()[0])
    if any(sum(sample["errors"]) for sample in samples):
        raise RuntimeError("stampede counted errors")
    good = sum(sample["good"] for sample in samples) / len(samples)
    return {"requests_per_s": good, "per_cpu_second": good * facts["seconds"] / cpu}


def theirs(setting: Setting, port: int) -> dict[str, float]:
    """wrk compares no bodies."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{setting.seconds}", f"http://127.0.0.1:{port}/"]
    cpu, text = timed(command, setting.scratch)
    found = re.search(r"(\d+) requests in ([\d.]+)s", text)
    if found is None or "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"wrk: {text}")
    return {"requests_per_s": int(found[1]) / float(found[2]), "per_cpu_second": int(found[1]) / cpu}


def hold_users(setting: Setting) -> tuple[int, int, int, float]:
    """Users with a uid and a key each, one signed and checked request in ten minutes: users, connections, seconds, peak MB."""
    users, seconds, scale = (2_000, 5, 120.0) if setting.quick else (USERS, 600, 1.0)
    server = Homespun(setting.homespun, setting.folder("homespun"))
    server.start()
    folder = setting.folder("users")
    try:
        url = f"{server.root}/storage/1.5#{server.master_secret()}"
        command = [str(setting.build / "stampede"), "run", url, "-m", "idle", "--users", str(users), "-d", str(seconds)]
        command += ["--time-scale", str(scale), "--warm-up", "0", "--no-calibration", "-q", "-o", str(folder)]
        # The server needs a descriptor for each connection too, and has the same limit.
        command += ["--most-connections", "15000"]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        peak = 0.0
        while child.poll() is None:
            peak = max(peak, peak_mb(child.pid))
            time.sleep(0.5)
    finally:
        server.stop()
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    if any(sum(sample["errors"]) for sample in samples) or sum(sample["good"] for sample in samples) < users * 0.95:
        raise RuntimeError("not every user was answered well")
    return users, max(sample["connections"] for sample in samples), seconds, peak


def peak_mb(pid: int) -> float:
    """Highest resident size so far; 0 when the process has gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
