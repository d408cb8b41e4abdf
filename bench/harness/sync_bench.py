"""Whole syncs, as Firefox makes them, against a store of 2 GB: rate, latency, cost, bytes written; and how near the ceiling.

The ceiling is the same server over a store that stores nothing (`bench_null_server`). Generator and server share the machine.
"""

import json
import statistics
import subprocess
from pathlib import Path
from typing import Any

from harness.load import program
from harness.report import Goal, Result, Row, alternate, median_row
from harness.servers import Homespun
from harness.setting import Setting

USERS = 10_000
RECORDS = 400  # of 500 bytes, per user: 2 GB
RECORD_BYTES = 500
BUSY = 64  # users without a rest
GOAL_RATE = 20_000  # requests a second, open loop
EASY_RATE = 8_000  # a rate that both servers bear: there CPU a request can be compared
REQUESTS_PER_SESSION = 2.96  # of firefox-2016
GOAL_P99_MS = 20
PROFILES = ("firefox-2016", "mass-reconnect", "first-sync")


def run(setting: Setting) -> Result:
    """Each profile in turn against ours and against the ceiling; then an open loop at the rate that is the goal."""
    ours = Homespun(setting.homespun, setting.folder("homespun"))
    ceiling = Homespun(Path(program(setting.build, "bench_null_server")), setting.folder("ceiling"))
    fill(setting, ours)
    ours.start()
    ceiling.start()
    rows: list[Row] = []
    details: dict[str, Any] = {}
    try:
        # First, as long as the store has the size it is about.
        rows += open_loop(setting, ours)
        figures = alternate(setting.rounds, [lambda: at_ease(setting, ours), lambda: at_ease(setting, ceiling)])
        goal = Goal(0.7, at_least=True, of_ratio=True)
        rows.append(median_row(f"firefox-2016, open loop at {EASY_RATE:,}/s: requests a second of server CPU", "/s", figures, "per_cpu_second", goal))
        details["open"] = figures
        for profile in PROFILES:
            figures = alternate(setting.rounds, [lambda: saturate(setting, ours, profile), lambda: saturate(setting, ceiling, profile)])
            rows.append(median_row(f"{profile}: requests a second, no rest", "/s", figures, "requests_per_s"))
            rows.append(median_row(f"{profile}: requests a second of server CPU", "/s", figures, "per_cpu_second"))
            details[profile] = figures
            written = statistics.median(figures[0]["written_per_byte"])
            rows.append(Row(f"{profile}: bytes written for each uploaded", "", written, 0, 0))
    finally:
        ours.stop()
        ceiling.stop()
    size = sum(path.stat().st_size for path in (ours.data / "store").glob("*.db"))
    return Result("sync", "the same server over a store that stores nothing", rows, {"rounds": details, "store_bytes": size})


def fill(setting: Setting, server: Homespun) -> None:
    """A store as it is after some years."""
    users, records = (20, 200) if setting.quick else (USERS, RECORDS)
    server.start()
    server.stop()  # makes the directory with its secrets
    command = [program(setting.build, "bench_fill"), server.data / "store", 1, "history", records, RECORD_BYTES, users]
    subprocess.run([str(word) for word in command], check=True)


def stampede(setting: Setting, server: Homespun, *words: str) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """A run: its facts, its seconds, its first level. Raises RuntimeError when an answer was wrong."""
    folder = setting.folder("run")
    url = f"{server.root}/storage/1.5#{server.master_secret()}"
    command = [str(setting.build / "stampede"), "run", url, *words, "-d", str(max(setting.seconds, 4)), "--warm-up", "0"]
    done = subprocess.run(
        [*command, "--no-calibration", "-q", "-o", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"stampede ended with {done.returncode}: {done.stderr}")
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    level = json.loads((folder / "levels.jsonl").read_text(encoding="utf-8").splitlines()[0])
    return read(folder), samples, level


def read(folder: Path) -> dict[str, Any]:
    """run.json of a run folder."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def saturate(setting: Setting, server: Homespun, profile: str) -> dict[str, float]:
    """Closed model, no rest: what the server does when it has always something to do."""
    _, samples, level = stampede(setting, server, "-m", profile, "--users", str(BUSY), "--rest", "0")
    if any(sum(sample["errors"]) for sample in samples):
        raise RuntimeError(f"{profile}: stampede counted errors")
    usable = [sample for sample in samples if sample["servers"] and sample["servers"][0]["cpu_cores"]]
    good = sum(sample["good"] for sample in usable)
    cpu = sum(sample["servers"][0]["cpu_cores"] for sample in usable)
    written = sum(sample["servers"][0]["write_mb_s"] or 0 for sample in usable) * 1e6
    uploaded = sum(each["bytes_out"] for each in level["counts"]["types"]) / level["seconds"] * len(usable)
    return {
        "requests_per_s": good / len(usable),
        "per_cpu_second": good / cpu,
        "written_per_byte": written / uploaded if uploaded else 0,
    }


def sessions(setting: Setting, requests: int) -> list[str]:
    """An open load of so many requests a second, by all users of the store."""
    rate = (500 if setting.quick else requests) / REQUESTS_PER_SESSION
    return ["-m", "firefox-2016", "--rate", f"{rate:.0f}", "--population", str(USERS)]


def at_ease(setting: Setting, server: Homespun) -> dict[str, float]:
    """Cost of a request when there is no crowd."""
    _, samples, _ = stampede(setting, server, *sessions(setting, EASY_RATE))
    usable = [sample for sample in samples if sample["servers"] and sample["servers"][0]["cpu_cores"]]
    cpu = sum(sample["servers"][0]["cpu_cores"] for sample in usable)
    return {"per_cpu_second": sum(sample["good"] for sample in usable) / cpu}


def open_loop(setting: Setting, server: Homespun) -> list[Row]:
    """Sessions come at the goal's rate, whatever the server does; latency counts from the moment they were due."""
    words = sessions(setting, GOAL_RATE)
    stampede(setting, server, *words)  # the first time users write what every later sync finds
    _, samples, level = stampede(setting, server, *words)
    good = sum(sample["good"] for sample in samples) / len(samples)
    p99 = sorted(sample["p99_ms"] for sample in samples)[len(samples) // 2]
    failed = sum(sum(each["errors"]) for each in level["counts"]["types"])
    if failed > 0.01 * sum(each["good"] for each in level["counts"]["types"]):
        raise RuntimeError(f"{failed} requests failed")
    return [
        Row("firefox-2016, open loop: requests", "/s", good, 0, 0, Goal(GOAL_RATE * 0.99, at_least=True, of_ratio=False, unit="/s")),
        Row("firefox-2016, open loop: p99 of a usual second", "ms", p99, 0, 0, Goal(GOAL_P99_MS, at_least=False, of_ratio=False, unit="ms")),
    ]
