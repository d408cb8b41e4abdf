"""The nightly bench: a planted slow-down of 15 % is caught and its commit named, noise is not.

Histories are run folders as `stampede run` leaves them, made here from figures, so that this takes seconds and not
nights. One test measures for real, with the programs of build/release (or of $STAMPEDE and $HOMESPUN).
"""

import base64
import json
import os
import random
import struct
import subprocess
import tempfile
import time
import unittest
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
NIGHTLY = TOP / ".ci/nightly"
STAMPEDE = Path(os.environ.get("STAMPEDE", TOP / "build/release/stampede"))
HOMESPUN = Path(os.environ.get("HOMESPUN", TOP / "build/release/homespun"))

FIRST_NIGHT = 1_790_000_000
DAY = 86_400
SECONDS = 30
TYPE = "GET info/collections"


def histogram_text(values: dict[int, int]) -> str:
    """Microseconds -> count, in HdrHistogram's V2 encoding with three digits."""
    counts: dict[int, int] = {}
    for value, count in values.items():
        exponent = max(value.bit_length() - 11, 0)
        index = exponent * 1024 + (value >> exponent)
        counts[index] = counts.get(index, 0) + count
    packed = b""
    at = 0
    for index in sorted(counts):
        if index > at:
            packed += zigzag(0 if index - at == 1 else at - index)
        packed += zigzag(counts[index])
        at = index + 1
    head = struct.pack(">IIIIQQd", 0x1C849313, len(packed), 0, 3, 1, (1 << 36) - 1, 1.0)
    compressed = zlib.compress(head + packed)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(compressed)) + compressed).decode()


def zigzag(number: int) -> bytes:
    """Seven bits a byte, lowest first."""
    rest = (number << 1) ^ (number >> 63)
    out = b""
    while rest >= 0x80:
        out += bytes([rest & 0x7F | 0x80])
        rest >>= 7
    return out + bytes([rest])


class History:
    """A history of nights in a directory of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        """`seed` decides the noise."""
        self.folder = folder
        self._random = random.Random(seed)
        self._count = 0

    def add(self, commit: str, slow_down: float = 1, conclusive: bool = True) -> Path:
        """One run of a server that takes `slow_down` times as long as usual, with 2 % of noise."""
        night = self._count
        self._count += 1
        folder = self.folder / "runs" / f"{night:04}"
        folder.mkdir(parents=True)
        levels, lines = [], ["#[Histogram log format version 1.3]"]
        for number, users in enumerate((4, 32), 1):
            service_us = 8000 * slow_down * self._random.gauss(1, 0.02)
            good = int(users * 1e6 / service_us * SECONDS)
            lines += histogram_lines(number, service_us, good, self._random)
            levels.append(level_of(number, users, good))
        write_run(folder, levels, FIRST_NIGHT + night * DAY, commit, conclusive)
        (folder / "histograms.hlog").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    def judge(self, *more: str) -> tuple[int, str]:
        """Exit code and output of `.ci/nightly --judge-only`."""
        command = [NIGHTLY, "--judge-only", "--history", self.folder, "--stampede", STAMPEDE, *more]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout


def histogram_lines(number: int, median_us: float, good: int, noise: random.Random) -> list[str]:
    """Response, service and first byte of a level: a long tail, whose p99 moves by 5 % for noise alone."""
    tail = noise.gauss(1, 0.05)
    shares = ((0.5, 0.95), (0.4, 1.3), (0.08, 1.8), (0.02, 3.0 * tail))
    counts = [int(good * share) for share, _ in shares]
    counts[0] += good - sum(counts)
    text = histogram_text({int(median_us * factor): count for count, (_, factor) in zip(counts, shares)})
    start = (number - 1) * (SECONDS + 1)
    name = TYPE.replace(" ", "%20")
    return [f"Tag={number}/{name}/{kind},{start}.000,{SECONDS}.000,0.1,{text}" for kind in ("response", "service", "first_byte")]


def level_of(number: int, users: int, good: int) -> dict[str, Any]:
    """A level as levels.jsonl has it."""
    return {
        "purpose": "fixed",
        "load": users,
        "start_s": (number - 1) * (SECONDS + 1),
        "seconds": SECONDS,
        "counts": {
            "types": [{"good": good, "errors": [0] * 10, "bytes_in": good * 300, "bytes_out": good * 400}],
            "sessions_started": good,
            "sessions_finished": good,
            "connections_opened": users,
            "in_flight_peak": users,
            "out_of_ports": 0,
            "out_of_descriptors": 0,
        },
        "good": True,
        "why": "",
        "settled": True,
    }


def write_run(folder: Path, levels: list[dict[str, Any]], started: int, commit: str, conclusive: bool) -> None:
    """run.json, levels.jsonl and samples.jsonl."""
    run = {
        "format": "stampede run 1",
        "command": "run",
        "model": "firefox-2016",
        "target": "http://127.0.0.1:5000/storage/1.5",
        "arrivals": "closed",
        "types": [TYPE],
        "expected_mix": [],
        "seed": 1,
        "started_at_s": started,
        "environment": [["kernel", "Linux 6.1"], ["label", f"describe=v1-{commit}"], ["label", f"commit={commit}"]],
        "demands": {"p99_ms": 500, "error_share": 0.01, "good_share": 0.98, "apdex": 0.85, "apdex_target_ms": 125},
        "levels": levels,
        "slowest": [],
        "failures": [],
        "generator": {
            "cpu_peak": 0.2,
            "send_lag_p99_ms": 1,
            "out_of_ports": 0,
            "out_of_descriptors": 0,
            "null_rate": 50000,
            "doubts": [] if conclusive else ["the generator itself was busy"],
        },
        "failure": "none",
        "failure_why": "",
        "verdict": "Every level held what was demanded.",
        "conclusive": conclusive,
        "interrupted": False,
    }
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "levels.jsonl").write_text("".join(json.dumps(level) + "\n" for level in levels), encoding="utf-8")
    (folder / "samples.jsonl").write_text("", encoding="utf-8")


class NightlyTest(unittest.TestCase):
    """Histories that were made up, judged by the real program."""

    def setUp(self) -> None:
        """A directory that goes with the test."""
        if not os.access(STAMPEDE, os.X_OK):
            self.fail(f"{STAMPEDE} is not there; build it, or say $STAMPEDE")
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def history(self, seed: int = 1, equal: int = 8) -> History:
        """Nights of one speed, each of a commit of its own: good0, good1, …"""
        history = History(self.place / str(seed), seed)
        for night in range(equal):
            history.add(f"good{night}")
        return history

    def test_noise_is_no_worsening(self) -> None:
        """Twenty histories of equal nights: an alarm is wanted in none, and one is forgiven."""
        alarms = sum(self.history(seed).judge()[0] != 0 for seed in range(20))
        self.assertLessEqual(alarms, 1)

    def test_a_slow_down_is_caught_and_its_commit_named(self) -> None:
        """Eight equal runs, then four slowed down by 15 %."""
        for seed in range(10):
            history = self.history(seed)
            for commit in ("culprit", "after1", "after2", "after3"):
                history.add(commit, slow_down=1.15)
            code, output = history.judge()
            self.assertEqual(code, 1, f"seed {seed}: {output}")
            self.assertIn("worse since commit culprit; good before it: good7", output, f"seed {seed}")
            self.assertIn("git log --oneline good7..culprit", output)
            page = (history.folder / "trend.html").read_text(encoding="utf-8")
            self.assertIn("culprit", page)

    def test_repeats_of_a_night_name_the_commit_once(self) -> None:
        """Three runs a night: the alarm comes in the second bad night at the latest."""
        history = self.history(3, equal=0)
        for commit in ("good1", "good2", "good3", "good4", "culprit", "after"):
            for _ in range(3):
                history.add(commit, slow_down=1.15 if commit in ("culprit", "after") else 1)
        code, output = history.judge()
        self.assertEqual(code, 1, output)
        self.assertIn("worse since commit culprit; good before it: good4", output)

    def test_what_became_faster_is_well(self) -> None:
        """A change for the better ends with 0."""
        history = self.history(4)
        for night in range(6):
            history.add(f"fast{night}", slow_down=0.85)
        self.assertEqual(history.judge()[0], 0)

    def test_an_old_slow_down_is_no_alarm_any_more(self) -> None:
        """Only what began within the last runs counts."""
        history = self.history(5)
        for night in range(20):
            history.add(f"slow{night}", slow_down=1.2)
        self.assertEqual(history.judge("--recent", "10")[0], 0)
        self.assertEqual(history.judge("--recent", "30")[0], 1)

    def test_inconclusive_runs_do_not_count(self) -> None:
        """Slow nights whose generator was busy say nothing about the server."""
        history = self.history(6)
        for night in range(6):
            history.add(f"busy{night}", slow_down=1.5, conclusive=False)
        self.assertEqual(history.judge()[0], 0)

    def test_too_little_is_no_verdict(self) -> None:
        """No run: 2. One: nothing to compare yet. Two that cannot be read: 2."""
        history = History(self.place, 7)
        self.assertEqual(history.judge()[0], 2)
        first = history.add("one")
        self.assertEqual(history.judge()[0], 0)
        (first / "histograms.hlog").write_text("rubbish\n", encoding="utf-8")
        history.add("two")
        self.assertEqual(history.judge()[0], 2)

    def test_what_cannot_be_measured_ends_with_two(self) -> None:
        """Programs that are not there, or a server that does not start."""
        self.assertEqual(self.night("--homespun", "/nonexistent/homespun").returncode, 2)
        done = self.night("--homespun", "/bin/false")
        self.assertEqual(done.returncode, 2)
        self.assertIn("the server did not start", done.stderr)

    def test_it_measures_a_real_server(self) -> None:
        """Two short nights: run folders, pages, and no server left behind."""
        for night in range(2):
            done = self.night("--seconds", "3", "--cycles", "2:4", "--repeats", "1", "--commit", f"c{night}")
            # A machine that is busy with other tests may forbid a conclusion; that is a proper end, too.
            if done.returncode == 2:
                self.assertIn("no run of this night can be used", done.stderr)
                return
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            time.sleep(1.1)  # folders are named by the second
        self.assertEqual(len(list((self.place / "runs").iterdir())), 2)
        self.assertIn("<svg", (self.place / "trend.html").read_text(encoding="utf-8"))
        self.assertTrue((self.place / "report.html").exists())
        other = self.night("--seconds", "4", "--cycles", "2:4", "--repeats", "1", "--commit", "c2")
        self.assertEqual(other.returncode, 2)
        self.assertIn("made by another bench (seconds was 3 and is 4)", other.stderr)

    def night(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One night in this test's directory; `words` win over the usual arguments."""
        usual: Sequence[str | Path] = ["--history", self.place, "--stampede", STAMPEDE, "--homespun", HOMESPUN]
        return subprocess.run([NIGHTLY, *usual, "--commit", "some", *words], capture_output=True, text=True, check=False)


if __name__ == "__main__":
    unittest.main()
