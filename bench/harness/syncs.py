"""Whole syncs of Firefox by `stampede` against a server whose store was filled before; what a run counted."""

import csv
import json
import math
import subprocess
from dataclasses import dataclass
from typing import Any

from harness.load import program
from harness.report import Row
from harness.servers import Homespun
from harness.setting import Setting

USERS = 10_000
RECORDS = 400  # of 500 bytes, per user: 2 GB
RECORD_BYTES = 500
REQUESTS_PER_SESSION = 2.96  # of firefox-2016


@dataclass
class Run:
    """What `stampede run` wrote about one level: its seconds, and the line of levels.csv over all types of request."""

    samples: list[dict[str, Any]]
    total: dict[str, float]
    seconds: float

    def quantile(self, name: str) -> float:
        """`p50`, `p99`, `p99.9` in ms, from the moment a request was due; a request that failed is slower than any."""
        return self.total.get(f"{name}_ms", math.inf)

    @property
    def good_rate(self) -> float:
        """Good answers a second."""
        return self.total["good_per_s"]

    def _watched(self) -> list[dict[str, Any]]:
        return [sample for sample in self.samples if sample["servers"] and sample["servers"][0]["cpu_cores"]]

    def per_cpu_second(self) -> float:
        """Good answers for each second of the server's processor time, arbiter and workers together."""
        watched = self._watched()
        return sum(sample["good"] for sample in watched) / sum(sample["servers"][0]["cpu_cores"] for sample in watched)

    def written_per_byte(self) -> float:
        """Bytes the server gave to the disk for each byte it was sent; 0 when it was sent none."""
        watched = self._watched()
        written = sum(sample["servers"][0]["write_mb_s"] or 0 for sample in watched) * 1e6
        uploaded = self.total["bytes_out"] / self.seconds * len(watched)
        return written / uploaded if uploaded else 0

    def latency_rows(self, what: str) -> list[Row]:
        """The usual quantiles, without goals."""
        return [Row(f"{what}: {name}", "ms", self.quantile(name), 0, 0) for name in ("p50", "p99", "p99.9")]


def fill(setting: Setting, server: Homespun, users: int = USERS, records: int = RECORDS) -> None:
    """A store as it is after some years; with --quick as it is after some days. The server must not run."""
    if setting.quick:
        users, records = min(users, 20), min(records, 200)
    server.start()
    server.stop()  # makes the directory with its secrets
    command = [program(setting.build, "bench_fill"), server.data / "store", 1, "history", records, RECORD_BYTES, users]
    subprocess.run([str(word) for word in command], check=True)


def run(setting: Setting, server: Homespun, *words: str, seconds: int = 0, place: str = "") -> Run:
    """One level against the server, at its storage 1.5 or at `place` (path#secret). Raises RuntimeError when the generator failed, or more than one request in a hundred."""
    folder = setting.folder("run")
    url = server.root + (place or f"/storage/1.5#{server.master_secret()}")
    length = str(max(seconds if not setting.quick else 0, setting.seconds, 4))
    command = [str(setting.build / "stampede"), "run", url, *words, "-d", length, "--warm-up", "0"]
    done = subprocess.run(
        [*command, "--no-calibration", "-q", "-o", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1, 3):
        raise RuntimeError(f"stampede ended with {done.returncode}: {done.stderr}")
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]
    level = json.loads((folder / "levels.jsonl").read_text(encoding="utf-8").splitlines()[0])
    with (folder / "levels.csv").open(encoding="utf-8", newline="") as file:
        line = next(line for line in csv.DictReader(file) if line["scope"] == "all")
    total = {name: float(value) for name, value in line.items() if is_number(value)}
    failed = sum(sum(each["errors"]) for each in level["counts"]["types"])
    good = sum(each["good"] for each in level["counts"]["types"])
    if failed > 0.01 * good:
        raise RuntimeError(f"{failed} requests failed, {good} did not")
    return Run(samples, total, level["seconds"])


def is_number(text: str) -> bool:
    """Whether a field of levels.csv is a figure."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def sessions(setting: Setting, requests: int, users: int = USERS) -> list[str]:
    """An open load of so many requests a second, by the first `users` of the store."""
    rate = (500 if setting.quick else requests) / REQUESTS_PER_SESSION
    return ["-m", "firefox-2016", "--rate", f"{rate:.0f}", "--population", str(users)]
