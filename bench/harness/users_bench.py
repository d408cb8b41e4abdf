"""What one user costs: in memory once he was there, beside many others, and when he stores a million records."""

import time

from harness import syncs
from harness.machine import anonymous_megabytes
from harness.report import Goal, Result, Row, alternate, median_row
from harness.servers import Homespun
from harness.setting import Setting

FEW = 100
RATE = 2_000  # requests a second, by a hundred users
MEMORY_RATE = 8_000
MEMORY_SECONDS = 30  # at that rate each of 10,000 users comes eight times
SETTLE = 12.0  # seconds until the allocator has given back what was freed
GOAL_KILOBYTES = 2.0


def run(setting: Setting) -> Result:
    """The same hundred users on a server of their own and on one that has ten thousand."""
    crowded = Homespun(setting.homespun, setting.folder("crowded"))
    lonely = Homespun(setting.homespun, setting.folder("lonely"))
    syncs.fill(setting, crowded)
    syncs.fill(setting, lonely, users=FEW)
    rows: list[Row] = []
    with crowded:
        rows.append(memory(setting, crowded))
    with crowded, lonely:
        figures = alternate(setting.rounds, [lambda: cost(setting, crowded), lambda: cost(setting, lonely)])
    bound = Goal(1.2, at_least=False, of_ratio=True)
    rows.append(median_row("a request beside 10,000 users: CPU", "µs", figures, "cpu_us", bound))
    rows.append(median_row("a request beside 10,000 users: latency, median", "ms", figures, "p50_ms", bound))
    rows.append(median_row("a request beside 10,000 users: latency, p99", "ms", figures, "p99_ms"))
    rows += hoarder(setting)
    return Result("users", f"{FEW} users", rows, {"rounds": figures})


def memory(setting: Setting, server: Homespun) -> Row:
    """What the server keeps for each user who was active, beside what it keeps for the same load by a hundred."""

    def after(users: int) -> float:
        syncs.run(setting, server, *syncs.sessions(setting, MEMORY_RATE, users), seconds=MEMORY_SECONDS)
        time.sleep(SETTLE)
        return anonymous_megabytes(server.pid)

    few = after(FEW)
    all_users = after(syncs.USERS)
    kilobytes = (all_users - few) * 1000 / (syncs.USERS - FEW)
    return Row("memory of an active user", "kB", kilobytes, 0, 0, Goal(GOAL_KILOBYTES, at_least=False, of_ratio=False, unit="kB"))


def cost(setting: Setting, server: Homespun) -> dict[str, float]:
    """Processor time and latency of a request of the hundred."""
    done = syncs.run(setting, server, *syncs.sessions(setting, RATE, FEW))
    return {"cpu_us": 1e6 / done.per_cpu_second(), "p50_ms": done.quantile("p50"), "p99_ms": done.quantile("p99")}


def hoarder(setting: Setting) -> list[Row]:
    """One user with a million records, which are stored first. A user has at most 100 writes a second: 20 sessions are few."""
    with Homespun(setting.homespun, setting.folder("hoarder")) as server:
        done = syncs.run(setting, server, "-m", "hoarder", "--rate", "20")
        return [*done.latency_rows("a user with a million records")]
