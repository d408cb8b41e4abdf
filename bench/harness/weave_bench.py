"""The stress test of 2010 against storage 1.1: a hundred users with 6,000 records each, six collections."""

from harness import syncs
from harness.report import Result, Row, alternate
from harness.servers import Homespun
from harness.setting import Setting

PLACE = "/1.1#any"  # the dummy back-end takes every password
RATE = 200  # sessions a second, of four requests
BUSY = 100


def run(setting: Setting) -> Result:
    """An open loop, then a hundred users without a rest."""
    with Homespun(setting.homespun, setting.folder("homespun"), ["--set", "auth.backend=dummy"]) as server:
        rate = 20 if setting.quick else RATE
        syncs.run(setting, server, "-m", "weave-2010", "--rate", "20", place=PLACE)  # stores the records first
        calm = syncs.run(setting, server, "-m", "weave-2010", "--no-preparation", "--rate", str(rate), seconds=10, place=PLACE)

        def busy() -> dict[str, float]:
            done = syncs.run(setting, server, "-m", "weave-2010", "--no-preparation", "--users", str(BUSY), "--rest", "0", place=PLACE)
            return {"requests_per_s": done.good_rate, "per_cpu_second": done.per_cpu_second()}

        figures = alternate(setting.rounds, [busy])
    rows = calm.latency_rows(f"weave-2010, open loop of {rate * 4} requests a second")
    for name, what in (("requests_per_s", "requests a second, no rest"), ("per_cpu_second", "requests a second of server CPU, no rest")):
        values = sorted(figures[0][name])
        rows.append(Row(f"weave-2010: {what}", "/s", values[len(values) // 2], 0, 0))
    return Result("weave", "none", rows, {"rounds": figures})
