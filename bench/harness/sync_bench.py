"""Whole syncs, as Firefox makes them, against a store of 2 GB: rate, latency, cost, bytes written; and how near the ceiling.

The ceiling is the same server over a store that stores nothing (`bench_null_server`). Generator and server share the machine.
"""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness import syncs
from harness.load import program
from harness.report import Goal, Result, Row, alternate, median_row
from harness.servers import Homespun
from harness.setting import Setting

BUSY = 64  # users without a rest
GOAL_RATE = 20_000  # good requests a second, open loop
ASKED_RATE = 20_300  # the arrivals are random: so that their mean is not below the goal
OPEN_SECONDS = 20
EASY_RATE = 8_000  # a rate that both servers bear: there CPU a request can be compared
GOAL_P99_MS = 20
PROFILES = ("firefox-2016", "mass-reconnect", "first-sync")


def run(setting: Setting) -> Result:
    """Each profile in turn against ours and against the ceiling; then an open loop at the rate that is the goal."""
    ours = Homespun(setting.homespun, setting.folder("homespun"))
    ceiling = Homespun(Path(program(setting.build, "bench_null_server")), setting.folder("ceiling"))
    syncs.fill(setting, ours)
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


def saturate(setting: Setting, server: Homespun, profile: str) -> dict[str, float]:
    """Closed model, no rest: what the server does when it has always something to do."""
    done = syncs.run(setting, server, "-m", profile, "--users", str(BUSY), "--rest", "0")
    return {"requests_per_s": done.good_rate, "per_cpu_second": done.per_cpu_second(), "written_per_byte": done.written_per_byte()}


def at_ease(setting: Setting, server: Homespun) -> dict[str, float]:
    """Cost of a request when there is no crowd."""
    return {"per_cpu_second": syncs.run(setting, server, *syncs.sessions(setting, EASY_RATE)).per_cpu_second()}


def open_loop(setting: Setting, server: Homespun) -> list[Row]:
    """Sessions come at the goal's rate, whatever the server does; latency counts from the moment they were due."""
    words = syncs.sessions(setting, ASKED_RATE)
    syncs.run(setting, server, *words)  # the first time users write what every later sync finds
    runs = [syncs.run(setting, server, *words, seconds=OPEN_SECONDS) for _ in range(setting.rounds)]

    def middle(of: Callable[[syncs.Run], float]) -> float:
        return statistics.median(of(each) for each in runs)

    def latency(name: str, goal: Goal | None = None) -> Row:
        return Row(f"firefox-2016, open loop: {name}", "ms", middle(lambda run: run.quantile(name)), 0, 0, goal)

    enough = Goal(GOAL_RATE, at_least=True, of_ratio=False, unit="/s")
    soon = Goal(GOAL_P99_MS, at_least=False, of_ratio=False, unit="ms")
    rate = Row("firefox-2016, open loop: requests", "/s", middle(lambda run: run.good_rate), 0, 0, enough)
    return [rate, latency("p50"), latency("p99", soon), latency("p99.9")]
