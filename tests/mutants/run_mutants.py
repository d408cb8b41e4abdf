#!/usr/bin/env python3
"""Plants faults in the server, one after the other, and says which of them the API cases notice. README.md tells more."""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mutants import TOP, Mutant, MutantError, problems, read_mutants, requirements

sys.path[:0] = [str(TOP / "tests/house"), str(TOP / "tests/api")]

from runner.parser import parse  # noqa: E402
from stages import run  # noqa: E402

PRESET = "dev"
KILLED, SURVIVED, FAILED = 0, 1, 2
BUILD_SECONDS, CASES_SECONDS = 3600, 600
Steps = list[dict[str, Any]]


@dataclass
class Verdict:
    """What the cases said of a mutant."""

    killers: list[str]  # failed steps that show a requirement of the mutant
    others: list[str]  # failed steps that do not


class Scratch:
    """A copy of the checkout with a build directory of its own, which is kept from mutant to mutant."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "homespun"
        # Objects of other checkouts fit: paths go into the cache from the top of the copy.
        self.environment = {"CCACHE_BASEDIR": str(self.top), "CCACHE_NOHASHDIR": "1"}
        listed = subprocess.run(
            ["git", "-C", TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            check=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            if (TOP / name).is_file():  # not if it has been removed and this is not committed yet
                (self.top / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(TOP / name, self.top / name)

    def build(self, what: str) -> None:
        """Configures and builds `homespun`."""
        directory = self.top / "build" / PRESET
        for name, command in (
            ("configure", ["cmake", "-S", self.top, "--preset", PRESET]),
            ("build", ["ninja", "-C", directory, "-j", str(os.cpu_count() or 1), "homespun"]),
        ):
            if name == "configure" and (directory / "build.ninja").exists():
                continue
            finished = run(f"mutants-{name}", command, BUILD_SECONDS, self.environment)
            if finished.status != 0:
                raise MutantError(f"{finished.output[-6000:]}\n{what}: the {name} {finished.how()}")

    def play(self, cases: Iterable[str]) -> Steps | None:
        """Runs cases against what was built last; all steps, or None when the runner did not end in time."""
        report = self.top / "build" / "report.json"
        report.unlink(missing_ok=True)
        command: list[str | Path] = [self.top / "tests/api/run_api.py", "--homespun", self.top / "build" / PRESET / "homespun"]
        command += ["--report", report, *(self.top / "tests/api" / each for each in cases)]
        finished = run("mutants-cases", command, CASES_SECONDS)
        if finished.status is None:
            return None
        if finished.status not in (0, 1) or not report.exists():
            raise MutantError(f"{finished.output[-6000:]}\nrun_api.py {finished.how()} and left no report")
        steps: Steps = json.loads(report.read_text(encoding="utf-8"))["steps"]
        return steps

    def judge(self, mutant: Mutant) -> Verdict:
        """Plants one fault, builds, runs its cases, and takes the fault out again."""
        path = self.top / mutant.file
        original = path.read_text(encoding="utf-8")
        path.write_text(mutant.mutated(original), encoding="utf-8")
        try:
            self.build(mutant.name)
            steps = self.play(mutant.cases)
        finally:
            path.write_text(original, encoding="utf-8")
        if steps is None:
            return Verdict([f"the cases did not end within {CASES_SECONDS} s"], [])
        return verdict(mutant, steps, self.shown_ids(mutant.cases))

    def shown_ids(self, cases: Iterable[str]) -> dict[tuple[str, int], set[str]]:
        """Which requirements a step shows, by file and line."""
        api = self.top / "tests/api"
        shown = {}
        for path in case_files(api, cases):
            file = parse(path, api)
            for step in file.steps:
                shown[file.name, step.line] = {*file.ids, *step.ids}
        return shown


def case_files(api: Path, cases: Iterable[str]) -> set[Path]:
    """The files that folders and file names stand for."""
    paths = [api / each for each in cases]
    return {file for path in paths for file in (path.rglob("*.http") if path.is_dir() else [path])}


def verdict(mutant: Mutant, steps: Steps, shown: dict[tuple[str, int], set[str]]) -> Verdict:
    """A fault is noticed only where a step fails that shows what the fault breaks: anything may fail by accident."""
    result = Verdict([], [])
    for step in steps:
        if step["outcome"] != "failed":
            continue
        ids = set(shown.get((step["file"], step["line"]), ()))
        for names in re.findall(r"always \(([^)]*)\)", "\n".join(step["reasons"])):
            ids.update(names.split())
        (result.killers if ids & set(mutant.ids) else result.others).append(f"{step['file']}::{step['step']}")
    return result


def check_unmutated(scratch: Scratch, chosen: Sequence[Mutant]) -> None:
    """Without a fault, every case passes."""
    scratch.build("without mutants")
    steps = scratch.play(sorted({each for mutant in chosen for each in mutant.cases}))
    if steps is None:
        raise MutantError(f"without mutants: the cases did not end within {CASES_SECONDS} s")
    bad = [f"{step['file']}::{step['step']} {step['outcome']}" for step in steps if step["outcome"] != "passed"]
    if bad or not steps:
        raise MutantError("\n".join(["without mutants not all cases pass:", *bad]))
    print(f"without mutants: {len(steps)} steps pass", flush=True)


def tell(mutant: Mutant, found: Verdict, seconds: float) -> None:
    """One line, and what a person must know of a survivor."""
    names, word = (found.killers, "killed") if found.killers else (found.others, "SURVIVED")
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    print(f"{word:<8} {mutant.name} ({seconds:.0f} s): {'; '.join(names[:3]) or 'no step failed'}{more}", flush=True)
    if not found.killers:
        elsewhere = ", though others failed" if found.others else ""
        print(f"         {mutant.breaks} No step with {' or '.join(mutant.ids)} failed{elsewhere}.", flush=True)


def chosen_mutants(only: str) -> list[Mutant]:
    """The mutants that are meant, all of them fit to be run."""
    everything = read_mutants()
    chosen = [mutant for mutant in everything if only in ("", mutant.name)]
    if not chosen:
        raise MutantError(f"no mutant is called {only}; there are: {', '.join(mutant.name for mutant in everything)}")
    known = requirements()
    if found := [problem for mutant in chosen for problem in problems(mutant, known)]:
        raise MutantError("\n".join(found))
    return chosen


def main() -> int:
    """0: all killed; 1: one survived; 2: it could not be found out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", metavar="NAME", help="one mutant")
    options = parser.parse_args()
    # As Ctrl-C: children are ended and the copy is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    killed = survived = 0
    try:
        chosen = chosen_mutants(options.only)
        with tempfile.TemporaryDirectory(prefix="homespun-mutants-") as folder:
            scratch = Scratch(Path(folder))
            check_unmutated(scratch, chosen)
            for mutant in chosen:
                begin = time.monotonic()
                found = scratch.judge(mutant)
                tell(mutant, found, time.monotonic() - begin)
                killed, survived = killed + bool(found.killers), survived + (not found.killers)
    except (MutantError, OSError, subprocess.CalledProcessError) as problem:
        print(f"run_mutants: {problem}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("run_mutants: interrupted", file=sys.stderr)
        return FAILED
    print(f"mutants: {killed} killed, {survived} survived")
    return SURVIVED if survived else KILLED


if __name__ == "__main__":
    sys.exit(main())
