"""A thousand slow clients: they are all sent away in time, counted, and a normal client does not notice."""

import os
from pathlib import Path

from checks import check
from homespun_server import HomespunServer
from slow_clients import Findings, measure

SANITIZED = "ASAN_OPTIONS" in os.environ  # tests/house/stages.py; such a build is neither quick nor small
PATIENCE = {"HOMESPUN_TEST_PATIENCE": "3"}


def all_well(found: Findings, bearable: int = 0) -> None:
    """What holds whatever the crowd does. The p99 has room for a busy machine; a normal one stays below 50 ms."""
    check(len(found.failures) <= bearable, f"{len(found.failures)} of {len(found.latencies)}: {found.failures[:3]}")
    check(len(found.latencies) > 100, f"only {len(found.latencies)} requests")
    check(SANITIZED or found.p99_ms() < 500, found.text())


def a_thousand_slow_clients_hurt_nobody(program: Path, folder: Path) -> None:
    server = HomespunServer(program, folder / "slow", ["--set", "limits.transfer_mb=64"], PATIENCE)
    with server:
        found = measure(server, server.pid, 1000, 20)
        lines = server.log.read_text().splitlines()
    all_well(found)
    check(found.came == {"idle": 267, "head": 267, "body": 266, "hoard": 100, "reader": 100}, f"{found.came}")
    check(sum(found.ended.values()) == 1000, f"somebody was left alone: {found.text()}")
    check(found.ended["head 408"] == 267 and found.ended["body 408"] >= 250, f"not told why: {found.text()}")
    counted = found.counted
    check(counted["slow_head"] == 267 and counted["idle"] >= 267, f"{counted}")
    check(counted["slow_body"] + counted["slow_reader"] + counted["memory"] == 466, f"{counted}")
    check(counted["memory"] > 100, f"200 clients held 750 MB: {counted}")
    # 64 MiB are counted; what the allocator keeps for a while, and the rest of the server, come on top.
    check(SANITIZED or found.peak_kib < 320 << 10, found.text())
    check(len(lines) < 40, f"{len(lines)} lines in the log")


def a_crowd_that_takes_all_places_makes_room(program: Path, folder: Path) -> None:
    few = folder / "few-descriptors"
    few.write_text(f'#!/bin/sh\nulimit -n 600\nexec {program} "$@"\n')
    few.chmod(0o700)
    server = HomespunServer(few, folder / "crowded", ["--set", "limits.transfer_mb=64"], {"HOMESPUN_TEST_PATIENCE": "60"})
    with server:
        found = measure(server, server.pid, 900, 8)
    # Who rests between two requests may be the one who makes room, just as the next request is on its way.
    all_well(found, bearable=3)
    check(found.counted["crowded_out"] > 100, f"nobody made room: {found.text()}")
    check(found.most_open <= 400, found.text())


CASES = (a_thousand_slow_clients_hurt_nobody, a_crowd_that_takes_all_places_makes_room)
