"""What ./test runs: each stage gives back its counts and, when something failed, what a person must read."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
LOGS = TOP / "build" / "test-logs"


@dataclass
class Outcome:
    """Counts of one stage; `skips` are the names that were skipped."""

    passed: int = 0
    failed: int = 0
    skips: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def fail(self, detail: str, count: int = 1) -> None:
        """Counts a failure and keeps its text."""
        self.failed += count
        self.details.append(detail)

    def add(self, other: "Outcome") -> None:
        """Adds another outcome to this one."""
        self.passed += other.passed
        self.failed += other.failed
        self.skips += other.skips
        self.details += other.details


@dataclass
class Finished:
    """A child process that has ended; status is None when its time was up."""

    status: int | None
    output: str

    def how(self) -> str:
        """How it ended, for people."""
        if self.status is None:
            return "did not end in time"
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        return f"exit status {self.status}"


def run(name: str, command: Sequence[str | Path], seconds: float, environment: Mapping[str, str] | None = None) -> Finished:
    """Runs a command to its end, output into a log named `name`; ends it and its children when the time is up."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / (name.replace("/", "-") + ".log")
    status: int | None
    with log.open("wb") as out:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=TOP,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            # Also when this process is being ended, and for what the child left behind in its group.
            try:
                os.killpg(child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            child.wait()
    return Finished(status, log.read_text(encoding="utf-8", errors="replace"))


@dataclass(frozen=True)
class Preset:
    """A CMake preset: where it builds, and what its sanitizers are told."""

    name: str

    @property
    def directory(self) -> Path:
        """Its build directory."""
        return TOP / "build" / self.name

    @property
    def homespun(self) -> Path:
        """The program under test."""
        return self.directory / "homespun"

    @property
    def reports(self) -> Path:
        """Where sanitizers write what they find."""
        return self.directory / "sanitizer-reports"

    def environment(self) -> dict[str, str]:
        """Sanitizer reports go to files: a server's own output may be kept by the test that started it."""
        if self.name not in ("asan", "tsan"):
            return {}
        options = f"log_path={self.reports}/report"
        symbolizer = shutil.which("llvm-symbolizer-19")
        if symbolizer:
            options += f":external_symbolizer_path={symbolizer}"
        return {
            "ASAN_OPTIONS": options + ":detect_stack_use_after_return=1",
            "UBSAN_OPTIONS": options + ":print_stacktrace=1",
            "TSAN_OPTIONS": options + ":second_deadlock_stack=1",
            "LSAN_OPTIONS": options,
        }

    def forget_reports(self) -> None:
        """Removes reports of an earlier stage."""
        shutil.rmtree(self.reports, ignore_errors=True)
        self.reports.mkdir(parents=True, exist_ok=True)

    def collect_reports(self, outcome: Outcome) -> None:
        """Every report is a failure, even if the process ended well."""
        for path in sorted(self.reports.glob("report.*")):
            outcome.fail(path.read_text(encoding="utf-8", errors="replace"))


def build(preset: Preset, targets: Sequence[str] = ()) -> Outcome:
    """Configures and builds; one test."""
    outcome = Outcome()
    for name, command in (
        ("configure", ["cmake", "--preset", preset.name]),
        ("build", ["ninja", "-C", preset.directory, *targets]),
    ):
        finished = run(f"{name}-{preset.name}", command, 3600)
        if finished.status != 0:
            outcome.fail(f"{finished.output}\n{name} of preset {preset.name}: {finished.how()}")
            return outcome
    outcome.passed = 1
    return outcome


def read_gtest(report: Path, name: str, finished: Finished) -> Outcome:
    """Counts from GoogleTest's JSON; a binary that crashed left none, or a half one."""
    outcome = Outcome()
    try:
        suites = json.loads(report.read_text(encoding="utf-8"))["testsuites"]
    except (OSError, ValueError, KeyError):
        outcome.fail(f"{finished.output}\n{name} left no report: {finished.how()}")
        return outcome
    for suite in suites:
        for case in suite["testsuite"]:
            if case.get("failures"):
                text = "\n".join(each["failure"] for each in case["failures"])
                outcome.fail(f"{name}/{suite['name']}.{case['name']}\n{text}")
            elif case.get("result") == "SKIPPED":
                outcome.skips.append(f"{name}/{suite['name']}.{case['name']}")
            elif case.get("result") == "COMPLETED":
                outcome.passed += 1
    if finished.status != 0 and outcome.failed == 0:
        outcome.fail(f"{finished.output}\n{name}: {finished.how()} though no test failed")
    if outcome.passed + outcome.failed + len(outcome.skips) == 0:
        outcome.fail(f"{name} ran no test")
    return outcome


def gtest(stage: str, binary: Path, preset: Preset) -> Outcome:
    """One test binary."""
    name = f"{stage}/{binary.name}"
    report = LOGS / f"{binary.name}.json"
    report.unlink(missing_ok=True)
    preset.forget_reports()
    command = [binary, f"--gtest_output=json:{report}", "--gtest_brief=1"]
    outcome = read_gtest(report, name, run(name, command, 900, preset.environment()))
    preset.collect_reports(outcome)
    return outcome


def unit(preset: Preset) -> Outcome:
    """The test binaries of the rooms."""
    outcome = Outcome()
    binaries = sorted((preset.directory / "unit").glob("*_tests"))
    if not binaries:
        outcome.fail(f"no test binaries in {preset.directory / 'unit'}")
    for binary in binaries:
        outcome.add(gtest("unit", binary, preset))
    return outcome


def web() -> Outcome:
    """The pages' own tests, in Node."""
    outcome = Outcome()
    files = sorted((TOP / "web").glob("**/*.test.mjs"))
    finished = run("web", ["node", "--test", "--test-reporter=tap", *files], 300)
    counts = dict(re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", finished.output, re.MULTILINE))
    if len(counts) < 5:
        outcome.fail(f"{finished.output}\nnode --test web/: no counts, {finished.how()}")
        return outcome
    outcome.passed = int(counts["pass"])
    failed = int(counts["fail"]) + int(counts["cancelled"])
    named = re.findall(r"^\s*ok \d+ - (.*?) # (?:SKIP|TODO)", finished.output, re.MULTILINE)
    outcome.skips = [f"web/{name}" for name in named]
    if failed or finished.status != 0 or outcome.passed == 0:
        outcome.fail(f"{finished.output}\nnode --test web/: {finished.how()}", max(failed, 1))
    return outcome


def read_last_line(word: str, finished: Finished) -> Outcome:
    """Counts of a runner whose last line is `WORD: N passed, N failed[, N skipped]`."""
    outcome = Outcome()
    lines = finished.output.rstrip().splitlines()
    found = re.fullmatch(
        rf"{word}: (\d+) passed, (\d+) failed(?:, (\d+) skipped)?", lines[-1].strip() if lines else ""
    )
    if not found:
        outcome.fail(f"{finished.output}\n{word}: no counts on the last line, {finished.how()}")
        return outcome
    outcome.passed, failed, skipped = (int(number or 0) for number in found.groups())
    outcome.skips = [f"{word}/{name}" for name in re.findall(r"^skip ([^:\s]+)", finished.output, re.MULTILINE)]
    outcome.skips += [f"{word}/(unnamed)"] * (skipped - len(outcome.skips))
    if failed or finished.status != 0 or outcome.passed == 0:
        outcome.fail(f"{finished.output}\n{word}: {finished.how()}", max(failed, 1))
    return outcome


def layers() -> Outcome:
    """Includes, reasons, events, documents: each check finds what is planted, then nothing; and the faults of tests/mutants can be."""
    outcome = Outcome()
    for name in ("layers", "reasons", "events", "documents"):
        script = TOP / "tests" / "house" / f"check_{name}.py"
        outcome.add(read_last_line(name, run(f"{name}-self-test", [script, "--self-test"], 60)))
        outcome.add(read_last_line(name, run(name, [script], 60)))
    outcome.add(read_last_line("pages", run("pages", [TOP / "tests" / "house" / "check_package_pages.sh"], 60)))
    outcome.add(read_unittest("mutants", run("mutants", ["python3", TOP / "tests" / "mutants" / "test_mutants.py"], 60)))
    return outcome


def formatting() -> Outcome:
    """clang-format; one test."""
    finished = run("format", [TOP / "tests" / "house" / "check_format.sh"], 300)
    outcome = Outcome()
    if finished.status == 0:
        outcome.passed = 1
    else:
        outcome.fail(f"{finished.output}\ncheck_format.sh: {finished.how()}")
    return outcome


def live(word: str, script: Path, preset: Preset, seconds: float, more: Sequence[str] = ()) -> Outcome:
    """A runner of our own against a live server."""
    outcome = Outcome()
    for path in (script, preset.homespun):
        if not path.exists():
            outcome.fail(f"{word}: {path} is missing")
            return outcome
    preset.forget_reports()
    command = [script, "--homespun", preset.homespun, *more]
    outcome = read_last_line(word, run(word, command, seconds, preset.environment()))
    preset.collect_reports(outcome)
    return outcome


def read_unittest(name: str, finished: Finished) -> Outcome:
    """Counts of Python's unittest."""
    outcome = Outcome()
    found = re.search(r"^Ran (\d+) tests? in ", finished.output, re.MULTILINE)
    if finished.status != 0 or not found or not int(found[1]):
        outcome.fail(f"{finished.output}\n{name}: {finished.how()}")
    else:
        outcome.passed = int(found[1])
    return outcome


def api(preset: Preset) -> Outcome:
    """Behaviour as text, and the runner's own tests."""
    place = TOP / "tests" / "api"
    report = LOGS / "api-report.json"
    report.unlink(missing_ok=True)
    outcome = live("api", place / "run_api.py", preset, 1800, ["--report", str(report)])
    if report.exists():
        steps = json.loads(report.read_text(encoding="utf-8"))["steps"]
        outcome.skips = [f"api/{each['file']}::{each['step']}" for each in steps if each["outcome"] == "skipped"]
    outcome.add(read_unittest("api-runner", run("api-runner", ["python3", place / "test_runner.py"], 120)))
    return outcome


def faults(preset: Preset) -> Outcome:
    """Servers that are killed under writers, and disks that fail under servers."""
    place = preset.directory / "faults"
    outcome = gtest("faults", place / "fault_tests", preset)
    killing = [TOP / "tests" / "faults" / "run_faults.py", "--kill-writers", place / "kill_writers"]
    outcome.add(read_last_line("faults", run("faults", killing, 900, preset.environment())))
    return outcome


def e2e(preset: Preset) -> Outcome:
    """Real browsers."""
    artifacts = TOP / "build" / "e2e-artifacts"
    return live("e2e", TOP / "tests" / "e2e" / "run_e2e.py", preset, 1500, ["--artifacts", str(artifacts)])


def mozilla(preset: Preset) -> Outcome:
    """Accounts of another server: its tokens, keys, events, over TLS on loopback."""
    return live("mozilla", TOP / "tests" / "mozilla" / "run_mozilla.py", preset, 600)


def seism(preset: Preset) -> Outcome:
    """seism's API and toxics, and a client library of Toxiproxy that takes it for Toxiproxy."""
    place, program = TOP / "tests" / "seism", preset.directory / "seism"
    outcome = read_last_line("seism", run("seism", [place / "run_seism.py", "--seism", program], 600))
    outcome.add(read_last_line("wire", run("seism-wire", [place / "run_seism.py", "--seism", program, "--wire"], 600)))
    verdicts = run("seism-verdicts", [place / "run_verdicts.py", program], 900)
    outcome.add(read_last_line("verdicts", verdicts))
    patients = [place / "run_patients.py", "--seism", program, "--homespun", preset.homespun]
    outcome.add(read_last_line("patients", run("seism-patients", patients, 600)))
    discovery = run("seism-discovery", [place / "run_discovery.py", program], 600)
    outcome.add(read_last_line("discovery", discovery))
    client = [place / "run_client.py", "--seism", program, "--modules", TOP / "build" / "seism-node"]
    outcome.add(read_last_line("client", run("seism-client", client, 600)))
    return outcome


def load(preset: Preset) -> Outcome:
    """stampede against real servers, well and ill; the runs are kept in build/load-artifacts."""
    artifacts = TOP / "build" / "load-artifacts"
    shutil.rmtree(artifacts, ignore_errors=True)
    programs = ["--stampede", str(preset.directory / "stampede"), "--planted", str(preset.directory / "planted_server")]
    outcome = live("load", TOP / "tests" / "load" / "run_load.py", preset, 1800, [*programs, "--artifacts", str(artifacts)])
    environment = {"STAMPEDE": str(preset.directory / "stampede"), "HOMESPUN": str(preset.homespun)}
    nightly = ["python3", TOP / "tests" / "load" / "nightly_test.py"]
    outcome.add(read_unittest("nightly", run("nightly", nightly, 600, environment)))
    return outcome


def servers(preset: Preset) -> Outcome:
    """Several servers together, and the operator's commands."""
    return live("servers", TOP / "tests" / "servers" / "run_servers.py", preset, 900)


def fuzz(seconds: int) -> Outcome:
    """A short run of each fuzz target over its corpus; one test each. The seed is fixed: a failure can be repeated."""
    preset = Preset("fuzz")
    outcome = build(preset, ["fuzz_targets"])
    if outcome.failed:
        return outcome
    outcome.passed = 0  # the targets count, not their build
    findings = TOP / "build" / "fuzz-findings"
    findings.mkdir(parents=True, exist_ok=True)
    sources = sorted((TOP / "fuzz").glob("*_fuzz.cpp"))
    if not sources:
        outcome.fail("no fuzz targets")
    symbolizer = shutil.which("llvm-symbolizer-19")
    environment = {"ASAN_SYMBOLIZER_PATH": symbolizer} if symbolizer else {}
    for source in sources:
        subject = source.stem.removesuffix("_fuzz")
        corpus = TOP / "fuzz" / "corpus" / subject
        grown = preset.directory / "corpus" / subject
        shutil.rmtree(grown, ignore_errors=True)
        grown.mkdir(parents=True)
        command = [
            preset.directory / "fuzz" / source.stem,
            f"-max_total_time={seconds}",
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-seed=1",
            f"-artifact_prefix={findings}/{subject}-",
            grown,
        ]
        if corpus.is_dir():
            command.append(corpus)
        finished = run(f"fuzz/{subject}", command, seconds + 120, environment)
        if finished.status == 0 and "Done " in finished.output:
            outcome.passed += 1
        else:
            outcome.fail(f"{finished.output}\nfuzz/{subject}: {finished.how()}")
    return outcome
