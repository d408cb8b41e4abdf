#!/usr/bin/python3
"""Runs the end-to-end tests: real browsers against a real server. See README.md."""

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

import test_clients
import test_firefox_client
import test_firefox_negative
import test_firefox_sync
import test_page
import test_records
from cases import Environment, Outcome, Report, run_suite
from firefox import firefox_program

SUITES = (
    *test_clients.SUITES,
    *test_page.SUITES,
    *test_records.SUITES,
    *test_firefox_sync.SUITES,
    *test_firefox_negative.SUITES,
    *test_firefox_client.SUITES,
)
REPOSITORY = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="End-to-end tests of Homespun with real browsers.")
    parser.add_argument("--homespun", type=Path, required=True, metavar="PATH", help="the program under test")
    parser.add_argument(
        "--artifacts",
        type=Path,
        default=REPOSITORY / "build" / "e2e-artifacts",
        metavar="DIR",
        help="where pictures and the report go (build/e2e-artifacts)",
    )
    parser.add_argument("--only", default="", metavar="NAME", help="only cases with NAME in their name")
    parser.add_argument("--no-arbiter", action="store_true", help="start the server with --no-arbiter")
    return parser.parse_args()


def end(number: int, _frame: FrameType | None) -> None:
    """On a signal: leaves all contexts, which ends browsers and servers, undisturbed by further signals."""
    for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def main() -> int:
    """Runs what is chosen; 0 when nothing failed, 1 when something did, 2 for wrong usage."""
    options = arguments()
    if not options.homespun.is_file():
        print(f"run_e2e: no program {options.homespun}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    report = Report()
    begin = time.monotonic()
    options.artifacts.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="homespun-e2e-", ignore_cleanup_errors=True) as scratch:
        serve = ("--no-arbiter",) if options.no_arbiter else ()
        environment = Environment(options.homespun.resolve(), options.artifacts.resolve(), Path(scratch), serve)
        try:
            firefox_program()
        except FileNotFoundError as problem:
            report.outcomes.append(Outcome("firefox", "failed", 0, str(problem)))
            print(report.outcomes[-1].line())
        else:
            for suite in SUITES:
                run_suite(suite, environment, options.only, report)
    if not report.outcomes:
        print(f"run_e2e: no case is called {options.only}", file=sys.stderr)
        return 2
    text = json.dumps({**report.json(), "run_seconds": round(time.monotonic() - begin, 1)}, indent=1)
    (options.artifacts / "report.json").write_text(text + "\n")
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in ("passed", "failed", "skipped"))
    print(f"e2e: {counts}")
    return 1 if report.count("failed") else 0


if __name__ == "__main__":
    sys.exit(main())
