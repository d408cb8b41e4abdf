#!/usr/bin/env python3
"""Drives the real `stampede` against real servers: the last line is `load: N passed, N failed`.

    run_load.py --stampede PROGRAM --planted PROGRAM --homespun PROGRAM [--only PART] [--artifacts DIR]
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
sys.path[:0] = [str(Path(__file__).resolve().parents[1] / place) for place in ("servers", "e2e")]

from checks import check  # noqa: E402
from homespun_server import HomespunServer  # noqa: E402
from processes import Child, free_port  # noqa: E402
from report_page import faults_of  # noqa: E402


class Bench:
    """The programs under test and a folder for what they write."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.stampede, self.planted, self.homespun = options.stampede, options.planted, options.homespun
        self.folder = folder

    def run(self, *words: str, limit: float = 400, files: int | None = None) -> subprocess.CompletedProcess[str]:
        """`stampede WORDS`; `files` bounds the bytes of any file it writes."""

        def bound() -> None:
            if files is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (files, files))

        return subprocess.run(
            [str(self.stampede), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            cwd=self.folder,
            check=False,
            preexec_fn=bound,
        )

    def read(self, name: str) -> dict:
        """run.json of a run folder."""
        return json.loads((self.folder / name / "run.json").read_text(encoding="utf-8"))

    def start_planted(self, kind: str, limit: int, *more: str) -> tuple[Child, str]:
        """A planted server and its address."""
        said = self.folder / f"{kind}.said"
        said.unlink(missing_ok=True)  # of an earlier try, with another port
        child = Child([str(self.planted), kind, "--limit", str(limit), *more], self.folder / f"{kind}.log", output=said)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            found = re.search(r"listening (\S+)", said.read_text(encoding="utf-8")) if said.exists() else None
            if found:
                return child, f"http://{found[1]}/"
            time.sleep(0.02)
        child.terminate()
        raise AssertionError(f"the planted server {kind} did not start")


# ---- capacity names every planted failure ---------------------------------------------------------------------------

# Whether 1 % of random arrivals are lost can be told from a longer level only: losses come in bursts.
PLANTED = {
    # kind: (limit a second, demands that suit it)
    "latency": (500, ["--level", "6", "--p99", "250", "--apdex", "0.5"]),
    "space": (400, ["--level", "6", "--p99", "1000"]),
    "refused": (500, ["--level", "6", "--p99", "1000", "--apdex", "0.5", "--apdex-target", "700"]),
    "errors": (600, ["--level", "14", "--p99", "2000", "--apdex", "0.3", "--apdex-target", "1000"]),
    "collapse": (500, ["--level", "6", "--p99", "1500", "--apdex", "0.5", "--apdex-target", "700"]),
    "lock": (200, ["--level", "6", "--p99", "300", "--apdex", "0.5"]),
}
TOLERANCE = 0.05
# These burn a core when they are overloaded; the others may be measured beside each other.
BUSY = ("latency", "collapse")


# A search takes a minute; whatever else the machine does meanwhile may spoil one.
TRIES = 3


def find_planted(bench: Bench, kind: str) -> str:
    """What was found, for people; a few searches at most. Raises AssertionError when none came out right."""
    for attempt in range(1, TRIES + 1):
        try:
            return search_planted(bench, kind, f"planted-{kind}-{attempt}")
        except AssertionError as failure:
            print(f"{kind}: attempt {attempt}: {failure}", flush=True)
            last = failure
    raise last


def search_planted(bench: Bench, kind: str, name: str) -> str:
    """One search into the run folder `name`."""
    limit, demands = PLANTED[kind]
    data = bench.folder / f"{name}.data"
    data.mkdir()
    child, url = bench.start_planted(kind, limit, "--data", str(data))
    try:
        command = ["capacity", url, "--from", str(limit * 0.5), "--precision", "0.03", "--soak", "6", "--push", "5", "--warm-up", "15"]
        done = bench.run(*command, *demands, "--timeout", "5", "--no-calibration", "-q", "-o", name)
    finally:
        child.terminate()
    text = done.stdout + done.stderr
    check(done.returncode in (0, 3), f"{kind}: exit {done.returncode}: {text}")
    run = bench.read(name)
    found = run["capacity"]["sessions_per_s"]
    check(run["failure"] == kind, f"{kind} was called {run['failure']}: {text}")
    check(abs(found / limit - 1) <= TOLERANCE, f"{kind}: the limit is {limit}/s, found was {found:.0f}/s: {text}")
    check((bench.folder / name / "report.html").stat().st_size > 10_000, f"{kind}: no report")
    return f"{kind}: limit {limit}, found {found:.0f}"


def capacity_names_each_planted_failure(bench: Bench) -> None:
    quiet = [kind for kind in PLANTED if kind not in BUSY]
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(lambda kind: find_planted(bench, kind), quiet):
            print(found, flush=True)
    for kind in BUSY:
        print(find_planted(bench, kind), flush=True)


# ---- the requests that arrive are those of the profile ---------------------------------------------------------------


def type_of(method: str, path: str) -> str:
    """The request type stampede counts a storage request as."""
    parts = path.split("/")[4:]  # behind /storage/1.5/UID
    if parts[:1] == ["info"]:
        return f"{method} info/{parts[1]}"
    if len(parts) == 1:
        return f"{method} storage"
    if len(parts) == 3:
        return f"{method} {parts[1]}/{parts[2]}"
    return "DELETE collection" if method == "DELETE" else f"{method} {parts[1]}"


def counted_by_server(log: Path, begin: int) -> Counter[str]:
    """What the server's own log says was asked of the storage, behind byte `begin`."""
    counts: Counter[str] = Counter()
    with log.open("rb") as lines:
        lines.seek(begin)
        for line in lines.read().decode().splitlines():
            found = re.search(r" request .*\bmethod=(\w+) path=\"?(/storage/1\.5/\S+?)\"?( |$)", line)
            if found:
                counts[type_of(found[1], found[2].partition("?")[0])] += 1
    return counts


def the_mix_is_the_profiles(bench: Bench) -> None:
    server = HomespunServer(bench.homespun, bench.folder / "mix", ["--set", "access_log=true"])
    server.start()
    try:
        secret = re.search(r"token\s+(\S+)", server.command("secret", "show"))
        check(secret is not None, "homespun secret show prints no token secret")
        url = f"{server.root}/storage/1.5#{secret[1]}"
        few = ["--population", "300", "--no-calibration", "-q"]
        # The first run makes the users: meta/global and crypto/keys are put once, which is no part of the table.
        bench.run("run", url, "-m", "firefox-2016", "--rate", "300", "-d", "8", *few, "-o", "mix-first")
        for model in ("firefox-2016", "firefox-today", "mozilla-2012"):
            begin = server.log.stat().st_size
            words = ["--rate", "200", "-d", "12", "--warm-up", "6", "-o", f"mix-{model}"]
            done = bench.run("run", url, "-m", model, *words, *few)
            check(done.returncode in (0, 1, 3), f"{model}: exit {done.returncode}: {done.stdout}{done.stderr}")
            counts = counted_by_server(server.log, begin)
            total = sum(counts.values())
            check(total > 3000, f"{model}: the server saw only {total} requests")
            compare_mix(bench, model, counts, total)
    finally:
        server.stop()


def compare_mix(bench: Bench, model: str, counts: Counter[str], total: int) -> None:
    """Within a point of the profile's table, and no request that is not in it."""
    expected = dict(bench.read(f"mix-{model}")["expected_mix"])
    # mozilla-2012 deletes users' data, and then meta/global is missing again: the script puts it anew.
    again = {"PUT meta/global", "PUT crypto/keys"}
    for name, count in counts.items():
        share = count / total
        wanted = expected.get(name, 0.0)
        allowed = 0.02 if name in again else 0.01
        check(abs(share - wanted) <= allowed, f"{model}: {name} is {share:.3f} of the requests, the table says {wanted:.3f}")
    for name, wanted in expected.items():
        check(abs(counts[name] / total - wanted) <= 0.01, f"{model}: {name} is missing: {counts[name]} of {total}")


# ---- bad input, interruptions ------------------------------------------------------------------------------------------


def mistakes_are_told(bench: Bench) -> None:
    free = f"http://127.0.0.1:{free_port()}/"
    cases: list[tuple[Sequence[str], str]] = [
        (["run", free, "--rate", "5"], "cannot connect"),
        (["run", "http://no-such-host.invalid/", "--rate", "5"], "cannot find the host"),
        (["run", free, "--rate", "-5"], "--rate"),
        (["run", free, "--rate", "0"], "--rate"),
        (["run", free], "say how much"),
        (["run", free, "--rate", "5", "-m", "nobody"], "no model"),
        (["run", free, "-m", "idle", "--rate", "5"], "secret"),
        (["run", free, "--cycles", "5:x"], "no number of users"),
        (["run", free, "--rate", "5", "--mix", "missing.mix"], "missing.mix"),
        (["run", "https://127.0.0.1/", "--rate", "5"], "https"),
        (["run", free, "--rate", "5", "--watch", "service"], "--watch"),
        (["diff", "nowhere", "neither"], "nowhere"),
        (["trend", "nowhere"], "nowhere"),
        (["nonsense"], "subcommand"),
        ([], "subcommand is required"),
    ]
    for words, expected in cases:
        done = bench.run(*words, limit=30)
        check(done.returncode == 2, f"{words}: exit {done.returncode}")
        check(expected in done.stdout + done.stderr, f"{words}: {done.stderr.strip()!r} does not say {expected!r}")


def two_runs_do_not_share_a_folder(bench: Bench) -> None:
    child, url = bench.start_planted("lock", 200)
    try:
        words = ["run", url, "--rate", "20", "-d", "2", "--warm-up", "0", "--no-calibration", "-q", "-o", "shared"]
        first = bench.run(*words)
        check((bench.folder / "shared" / "run.json").exists(), f"no run.json: {first.stderr}")
        second = bench.run(*words)
        check(second.returncode == 2 and "shared" in second.stderr, f"the second run: {second.returncode} {second.stderr}")
    finally:
        child.terminate()


def an_interrupted_run_leaves_a_partial_report(bench: Bench) -> None:
    child, url = bench.start_planted("lock", 200)
    try:
        words = [str(bench.stampede), "run", url, "--rate", "50", "-d", "60", "--warm-up", "6", "--no-calibration", "-q"]
        log = bench.folder / "interrupted.log"
        run = Child([*words, "-o", str(bench.folder / "interrupted")], log)
        time.sleep(12)
        os.kill(run.pid, signal.SIGINT)
        status = run.wait(10)
        run.terminate()
    finally:
        child.terminate()
    check(status == 3, f"exit {status}: {log.read_text()}")
    facts = bench.read("interrupted")
    check(facts["interrupted"] is True, "the run does not say that it was interrupted")
    page = (bench.folder / "interrupted" / "report.html").read_text(encoding="utf-8")
    check("Interrupted" in page, "the report does not say that it is partial")
    samples = (bench.folder / "interrupted" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    check(len(samples) >= 9, f"only {len(samples)} seconds were kept")


def a_full_disk_is_told_and_loses_nothing_written(bench: Bench) -> None:
    child, url = bench.start_planted("lock", 200)
    try:
        words = ["run", url, "--rate", "50", "-d", "12", "--warm-up", "0", "--no-calibration", "-q", "-o", "full"]
        done = bench.run(*words, files=4096)
    finally:
        child.terminate()
    check(done.returncode == 2, f"exit {done.returncode}: {done.stderr}")
    check("full/" in done.stderr, f"the message names no file: {done.stderr}")
    for line in (bench.folder / "full" / "samples.jsonl").read_text(encoding="utf-8").splitlines():
        json.loads(line)


def odd_servers_are_counted(bench: Bench) -> None:
    """A server that closes at once, and one that never answers."""
    import socket
    import threading

    for name, closes, expected in (("closes", True, "reset"), ("silent", False, "timeout")):
        with socket.create_server(("127.0.0.1", 0), backlog=200) as server:
            kept = []

            def accept(server: socket.socket = server, closes: bool = closes, kept: list = kept) -> None:
                while True:
                    try:
                        peer, _ = server.accept()
                    except OSError:
                        return
                    if closes:
                        peer.close()
                    else:
                        kept.append(peer)

            threading.Thread(target=accept, daemon=True).start()
            url = f"http://127.0.0.1:{server.getsockname()[1]}/"
            words = ["--rate", "20", "-d", "3", "--warm-up", "0", "--timeout", "0.5", "--no-calibration", "-q"]
            done = bench.run("run", url, *words, "-o", f"odd-{name}")
            server.shutdown(socket.SHUT_RDWR)
        check(done.returncode in (1, 3), f"{name}: exit {done.returncode}: {done.stderr}")
        why = bench.read(f"odd-{name}")["failures"][0]["what"]
        check(why.startswith(expected), f"{name}: {why}")


def another_host_can_be_watched(bench: Bench) -> None:
    child, url = bench.start_planted("latency", 500)
    said = bench.folder / "watch.said"
    words = ["watch", f"service=pid:{child.pid},dir:{bench.folder}", "--listen", "127.0.0.1:0"]
    watch = Child([str(bench.stampede), *words], bench.folder / "watch.log", output=said)
    try:
        time.sleep(1)
        found = re.search(r"http://127\.0\.0\.1:\d+", said.read_text(encoding="utf-8"))
        check(found is not None, f"stampede watch said {said.read_text()!r}")
        words = ["--rate", "200", "-d", "6", "--warm-up", "0", "--no-calibration", "--no-watch", "-q", "-o", "watched"]
        bench.run("run", url, *words, "--watch", f"far={found[0]}")
    finally:
        status = watch.terminate()
        child.terminate()
    check(status == 0, f"stampede watch ended with {status}")
    lines = (bench.folder / "watched" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    seen = [server for line in lines for server in json.loads(line)["servers"] if server["name"] == "far/service"]
    check(len(seen) >= 3, f"only {len(seen)} samples of {len(lines)} have the other host")
    check(max(server.get("cpu_cores") or 0 for server in seen) > 0.1, "its CPU was not seen")
    check(all(server["storage_mb"] is not None for server in seen), "its directory was not measured")


def the_report_is_fit_to_read(bench: Bench) -> None:
    """In a real Chromium: wide and narrow, light and dark, printed; a planted fault is seen."""
    child, url = bench.start_planted("lock", 200)
    try:
        bench.run("run", url, "--cycles", "2:4:8", "-d", "4", "--warm-up", "0", "--rest", "0.02", "--no-calibration", "-q", "-o", "page")
    finally:
        child.terminate()
    report = bench.folder / "page" / "report.html"
    verdict = bench.read("page")["verdict"]
    faults = faults_of(report, bench.folder / "looked-at", verdict)
    check(not faults, "; ".join(faults))
    text = report.read_text(encoding="utf-8")
    wide = '<div style="width:1200px">wide</div><figure><svg width="1" height="1"></svg></figure><img src="http://elsewhere.invalid/google.png"/>'
    spoilt = bench.folder / "spoilt.html"
    spoilt.write_text(re.sub(r"<meta http-equiv[^>]*>", "", text).replace("</body>", wide + "</body>"), encoding="utf-8")
    faults = " ".join(faults_of(spoilt, bench.folder / "looked-at-spoilt", verdict))
    for sign in ("px wide", "charts are seen", "have no name", "loads ['http://elsewhere.invalid", "asked for ['GET http://elsewhere.invalid"):
        check(sign in faults, f"a planted fault was not seen ({sign}): {faults}")


def tokens_come_from_the_token_server(bench: Bench) -> None:
    """Accounts are seeded before the run; each user asks for a token once, and its log can be replayed."""
    server = HomespunServer(bench.homespun, bench.folder / "tokens", ["--set", "access_log=true"])
    server.start()
    try:
        seeded = server.command("seed", "150")
        accounts = bench.folder / "accounts.jsonl"
        accounts.write_text(seeded, encoding="utf-8")
        check(len(seeded.splitlines()) == 150, f"150 accounts were asked for: {seeded[:200]}")
        few = ["--no-calibration", "-q", "--warm-up", "0"]
        words = ["-m", "firefox-2016", "--accounts", str(accounts), "--rate", "60", "-d", "8", *few]
        done = bench.run("run", f"{server.root}/token/1.0/sync/1.5", *words, "-o", "with-accounts")
        check(done.returncode in (0, 1, 3), f"exit {done.returncode}: {done.stdout}{done.stderr}")
        run = bench.read("with-accounts")
        check(not run["failures"], f"requests failed: {run['failures']}")
        lines = server.log.read_text(encoding="utf-8").splitlines()
        tokens = [line for line in lines if "path=/token/1.0/sync/1.5" in line and "status=200" in line]
        check(100 <= len(tokens) <= 150, f"{len(tokens)} tokens were handed out to 150 users")
        uids = set(re.findall(r"/storage/1\.5/(\d+)/", "\n".join(lines)))
        check(len(uids) == len(tokens), f"{len(tokens)} tokens, but {len(uids)} users at the storage")
        users = server.command("user", "list", "--json")
        check(users.count("@stampede.invalid") == 150, "the accounts are not listed")
        replay_of_own_log(bench, server, few)
        for url, more, expected in (
            (f"{server.root}/storage/1.5", ["-m", "idle"], "token server"),
            (f"{server.root}/token/1.0/sync/1.5", ["-m", "rolling-users"], "rolling-users"),
        ):
            words = ["--accounts", str(accounts), "--rate", "5", *more, *few]
            done = bench.run("run", url, *words)
            check(done.returncode == 2 and expected in done.stderr, f"{url}: {done.returncode} {done.stderr}")
        accounts.write_text('{"access_token":"x"}\n', encoding="utf-8")
        done = bench.run("run", f"{server.root}/token/1.0/sync/1.5", "-m", "idle", "--accounts", str(accounts), "--rate", "5")
        check(done.returncode == 2 and "accounts.jsonl:1" in done.stderr, f"{done.returncode} {done.stderr}")
    finally:
        server.stop()


def replay_of_own_log(bench: Bench, server: HomespunServer, few: Sequence[str]) -> None:
    """What homespun logs is enough to do it all again: batches stay batches, bodies keep their sizes."""
    log = bench.folder / "own.log"
    shutil.copyfile(server.log, log)
    secret = bench.folder / "secret"
    found = re.search(r"token\s+(\S+)", server.command("secret", "show"))
    check(found is not None, "homespun secret show prints no token secret")
    secret.write_text(found[1] + "\n", encoding="utf-8")
    before = logged_uploads(server.log, 0)
    begin = server.log.stat().st_size
    words = [f"{server.root}/storage/1.5", str(log), "--secret-file", str(secret), "--first-uid", "900000", "--scale", "2"]
    done = bench.run("replay", *words, "--no-calibration", "-q", "-o", "replayed")
    check(done.returncode in (0, 1, 3), f"replay: exit {done.returncode}: {done.stdout}{done.stderr}")
    after = logged_uploads(server.log, begin)
    check(len(before) > 50, f"only {len(before)} uploads to replay")
    check(abs(len(after) / len(before) - 1) < 0.05, f"{len(before)} uploads, {len(after)} when replayed")
    many, again = sum(before), sum(after)
    check(abs(again / many - 1) < 0.1, f"{many} bytes were uploaded, {again} when replayed")


def logged_uploads(log: Path, begin: int) -> list[int]:
    """Sizes of the POSTs that went well, behind byte `begin`."""
    with log.open("rb") as lines:
        lines.seek(begin)
        text = lines.read().decode()
    return [int(size) for size in re.findall(r"method=POST path=\S+ status=20[02] bytes=(\d+)", text)]


PARTS: dict[str, Callable[[Bench], None]] = {
    "mistakes": mistakes_are_told,
    "folder": two_runs_do_not_share_a_folder,
    "interrupt": an_interrupted_run_leaves_a_partial_report,
    "disk": a_full_disk_is_told_and_loses_nothing_written,
    "odd": odd_servers_are_counted,
    "watch": another_host_can_be_watched,
    "page": the_report_is_fit_to_read,
    "tokens": tokens_come_from_the_token_server,
    "mix": the_mix_is_the_profiles,
    "planted": capacity_names_each_planted_failure,
}


def main() -> int:
    """0 when all parts passed."""
    parser = argparse.ArgumentParser(description="Drives the real stampede against real servers.")
    for program in ("stampede", "planted", "homespun"):
        parser.add_argument(f"--{program}", type=Path, required=True)
    parser.add_argument("--only", choices=PARTS, action="append")
    parser.add_argument("--artifacts", type=Path, help="keep the run folders there")
    options = parser.parse_args()
    for program in ("stampede", "planted", "homespun"):
        setattr(options, program, getattr(options, program).resolve())
    passed = failed = 0
    for name in options.only or PARTS:
        folder = Path(tempfile.mkdtemp(prefix="stampede-test-"))
        begin = time.monotonic()
        try:
            PARTS[name](Bench(options, folder))
            passed += 1
            print(f"ok {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except (AssertionError, OSError, ValueError, KeyError, subprocess.SubprocessError) as problem:
            failed += 1
            print(f"FAILED {name}: {type(problem).__name__}: {problem}", flush=True)
        if options.artifacts:
            shutil.copytree(folder, options.artifacts / name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data", "*.data"))
        shutil.rmtree(folder, ignore_errors=True)
    print(f"load: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
