"""Durable POSTs of 1 and of 100 records by 64 writers, against the same inserts straight into SQLite."""

import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from harness.load import measure, program
from harness.report import Goal, Result, Row, alternate, median_row
from harness.servers import Homespun, write_posters
from harness.setting import Setting

WRITERS = 64
USERS = 10_000
PAYLOAD = 1024


def run(setting: Setting) -> Result:
    """Each measured stretch begins with an empty store."""
    rows: list[Row] = []
    details: dict[str, Any] = {}
    for records in (1, 100):
        figures = alternate(setting.rounds, [lambda: ours(setting, records), lambda: plain(setting, records)])  # noqa: B023
        name = "1 record" if records == 1 else f"{records} records"
        rows += [
            median_row(f"POST of {name}", "records/s", figures, "records_per_s", Goal(0.8, at_least=True, of_ratio=True)),
            median_row(f"POST of {name}: CPU a record", "µs", figures, "cpu_us"),
            median_row(f"POST of {name}: latency, median", "ms", figures, "p50_ms"),
            median_row(f"POST of {name}: latency, p99", "ms", figures, "p99_ms"),
        ]
        details[f"rounds_{records}"] = figures
    return Result("writes", "SQLite with group commit", rows, details)


def ours(setting: Setting, records: int) -> dict[str, float]:
    """Through HTTP and HAWK; CPU is the server's."""
    with Homespun(setting.homespun, setting.folder("homespun")) as server:
        secret = server.master_secret()
        posters = write_posters(setting.scratch / "posters", server, secret, USERS)
        command = [program(setting.build, "bench_load"), "post", str(server.port), str(posters), "--connections", str(WRITERS)]
        said = measure([*command, *options(setting, records)], server.pid)
    check_stored(server.data / "store", said["total"] * records)
    return figures_of(said, records, said["server_cpu_seconds"])


def plain(setting: Setting, records: int) -> dict[str, float]:
    """In one process; CPU is all of it, making the records included."""
    folder = setting.folder("plain")
    folder.mkdir()
    command = [program(setting.build, "bench_plain_writes"), str(folder), "--shards", str(os.cpu_count() or 1)]
    said = measure([*command, "--writers", str(WRITERS), "--users", str(USERS), *options(setting, records)])
    check_stored(folder, said["total"] * records)
    return figures_of(said, records, said["client_cpu_seconds"])


def options(setting: Setting, records: int) -> list[str]:
    """What both programs take."""
    return ["--records", str(records), "--payload", str(PAYLOAD), "--warmup", "1", "--seconds", str(setting.seconds)]


def figures_of(said: dict[str, Any], records: int, cpu_seconds: float) -> dict[str, float]:
    """By record."""
    count = said["requests"] * records
    return {
        "records_per_s": count / said["seconds"],
        "cpu_us": cpu_seconds * 1e6 / count,
        "p50_ms": said["latency"]["p50_us"] / 1000,
        "p99_ms": said["latency"]["p99_us"] / 1000,
        "client_cpu_us": said["client_cpu_seconds"] * 1e6 / count,
    }


def check_stored(store: Path, records: int) -> None:
    """Every acknowledged record is in the files, whole, and nothing else is. Removes them."""
    count = 0
    for path in store.glob("shard-*.db"):
        database = sqlite3.connect(path)
        count += database.execute("SELECT count(*) FROM bso WHERE length(payload) = ?", (PAYLOAD,)).fetchone()[0]
        database.close()
    if count != records:
        raise RuntimeError(f"{records} records were acknowledged, {count} are in {store}")
    shutil.rmtree(store)
