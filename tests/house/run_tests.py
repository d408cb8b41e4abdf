#!/usr/bin/env python3
"""Builds and runs every test: one line a stage, failures in full, and the counts alone on the last line."""

import argparse
import re
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

import stages
from stages import TOP, Outcome, Preset

STAGES = ("unit", "web", "layers", "api", "servers", "mozilla", "seism", "faults", "e2e", "load", "format", "fuzz")
BUILT = ("unit", "api", "servers", "mozilla", "seism", "faults", "e2e", "load")  # those that need the build
SANITIZED = ("unit", "api", "servers", "seism")


def allowed_skips() -> dict[str, str]:
    """tests/skips.txt: name -> reason."""
    allowed = {}
    for line in (TOP / "tests" / "skips.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, *reason = re.split(r"\s{2,}", line.strip(), maxsplit=1)
            if not reason:
                sys.exit(f"tests/skips.txt: no reason for {name}")
            if name in allowed:
                sys.exit(f"tests/skips.txt: {name} is listed twice")
            allowed[name] = reason[0]
    return allowed


def settle_skips(outcome: Outcome, allowed: dict[str, str]) -> int:
    """The number of skips that are allowed; the others become failures."""
    for name in outcome.skips:
        if name not in allowed:
            outcome.fail(f"{name} was skipped, but tests/skips.txt does not list it")
    return sum(name in allowed for name in outcome.skips)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="./test", description="Builds and runs every test.")
    parser.add_argument("--only", choices=STAGES, help="one stage")
    parser.add_argument(
        "--preset",
        choices=("dev", "asan", "tsan"),
        default="dev",
        help=f"asan and tsan run {', '.join(SANITIZED)} with that sanitizer (dev)",
    )
    parser.add_argument("--fuzz-seconds", type=int, default=10, metavar="N", help="for each fuzz target (10)")
    options = parser.parse_args()
    if options.preset != "dev" and options.only not in (None, *SANITIZED):
        parser.error(f"--preset {options.preset} has the stages {', '.join(SANITIZED)}")
    return options


def end(number: int, _frame: FrameType | None) -> None:
    """On a signal: leaves through every `finally`, which ends the children."""
    sys.exit(128 + number)


def main() -> int:
    """0 when nothing failed."""
    options = arguments()
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    preset = Preset(options.preset)
    work: dict[str, Callable[[], Outcome]] = {
        "unit": lambda: stages.unit(preset),
        "web": stages.web,
        "layers": stages.layers,
        "api": lambda: stages.api(preset),
        "servers": lambda: stages.servers(preset),
        "mozilla": lambda: stages.mozilla(preset),
        "seism": lambda: stages.seism(preset),
        "faults": lambda: stages.faults(preset),
        "e2e": lambda: stages.e2e(preset),
        "load": lambda: stages.load(preset),
        "format": stages.formatting,
        "fuzz": lambda: stages.fuzz(options.fuzz_seconds),
    }
    chosen = (options.only,) if options.only else STAGES if options.preset == "dev" else SANITIZED
    allowed = allowed_skips()
    passed = failed = skipped = 0

    def report(name: str, outcome: Outcome, begin: float) -> None:
        nonlocal passed, failed, skipped
        skips = settle_skips(outcome, allowed)
        for detail in outcome.details:
            print(f"---- {name}\n{detail.rstrip()}\n----")
        counts = f"{outcome.passed} passed, {outcome.failed} failed, {skips} skipped"
        print(f"{name:<8} {counts} ({time.monotonic() - begin:.1f} s)", flush=True)
        passed, failed, skipped = passed + outcome.passed, failed + outcome.failed, skipped + skips

    built = True
    if set(BUILT) & set(chosen):
        begin = time.monotonic()
        outcome = stages.build(preset)
        built = outcome.failed == 0
        outcome.passed = 0  # a build is no test, unless it fails
        report("build", outcome, begin)
    for name in chosen:
        begin = time.monotonic()
        outcome = Outcome()
        if name in BUILT and not built:
            outcome.fail(f"{name}: not run, for the build failed")
        else:
            try:
                outcome = work[name]()
            except Exception as problem:  # a stage that breaks must not hide the others
                outcome.fail(f"{name}: {type(problem).__name__}: {problem}")
        report(name, outcome, begin)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
