"""What writers feel of the purge: 64 without rest, while a million expired records go, against before they expired."""

import json
import subprocess
from typing import Any

from harness.load import program
from harness.report import Goal, Result, Row, median_row
from harness.setting import Setting

RECORDS = 1_000_000
FIGURES = ("p50_ms", "p99_ms", "per_s")


def run(setting: Setting) -> Result:
    """Each round fills a store anew; its own stretches before the records expire and when they are gone are the baseline."""
    rounds = [stretch(setting) for _ in range(1 if setting.quick else min(setting.rounds, 3))]
    ours = {name: [each["during"][name] for each in rounds] for name in FIGURES}
    baseline = {name: [(each["before"][name] + each["after"][name]) / 2 for each in rounds] for name in FIGURES}
    figures: list[dict[str, list[float]]] = [ours, baseline]
    goal = Goal(2.0, at_least=False, of_ratio=True)
    rows: list[Row] = [
        median_row("writers' latency, p99", "ms", figures, "p99_ms", goal),
        median_row("writers' latency, median", "ms", figures, "p50_ms"),
        median_row("writes", "/s", figures, "per_s"),
    ]
    return Result("purge", "the same writers before and after", rows, {"rounds": rounds})


def stretch(setting: Setting) -> dict[str, Any]:
    """One store, from filling to empty."""
    folder = setting.folder("purge")
    folder.mkdir()
    records = RECORDS // 10 if setting.quick else RECORDS
    command = [program(setting.build, "bench_purge"), folder, "--records", str(records), "--seconds", str(setting.seconds)]
    said = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True, timeout=1800).stdout
    answer: dict[str, Any] = json.loads(said)
    return answer
