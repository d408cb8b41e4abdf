#!/usr/bin/python3
"""Runs the API behaviour tests: plain-text cases against a live server. README.md describes both."""

import argparse
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from coverage import case_paths, coverage, read_list  # noqa: E402
from homespun_server import ServerError  # noqa: E402
from runner.accounts import sign_up_open  # noqa: E402
from runner.model import CaseFile, FormatError  # noqa: E402
from runner.parser import parse  # noqa: E402
from runner.play import Play, skip_file  # noqa: E402
from runner.report import Report, Result  # noqa: E402
from runner.syntax import syntax_problems  # noqa: E402
from runner.target import Targets  # noqa: E402

REPOSITORY = HERE.parents[1]
MOST_OWN_SERVERS = 2


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="API behaviour tests of Homespun, as text.")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--homespun", type=Path, metavar="PATH", help="the program under test; started on a free port")
    where.add_argument("--url", metavar="URL", help="a server that runs already; needs --secret")
    parser.add_argument("--secret", default="", metavar="MASTER", help="its token master secret")
    parser.add_argument("--serve", default=[], action="append", metavar="ARGUMENT", help="a further argument of `serve`")
    parser.add_argument("--only", default="", metavar="PATTERN", help="only steps with PATTERN in FILE::TITLE")
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="files at the same time (4)")
    parser.add_argument("--check", action="store_true", help="only read the files and check how they are written")
    parser.add_argument("--coverage", action="store_true", help="only say which ids have no case")
    parser.add_argument("--report", type=Path, default=REPOSITORY / "build" / "api-report.json", metavar="FILE")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for every step")
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE", help="case files or folders; all without any")
    options = parser.parse_args()
    if options.url and not options.secret:
        parser.error("--url needs --secret")
    if not (options.homespun or options.url or options.check or options.coverage):
        parser.error("one of --homespun, --url, --check, --coverage")
    if options.homespun and not options.homespun.is_file():
        parser.error(f"no program {options.homespun}")
    return options


def chosen(paths: list[Path]) -> list[Path]:
    """The case files that are meant."""
    files: list[Path] = []
    for path in paths:
        files += sorted(path.rglob("*.http")) if path.is_dir() else [path]
    return files or case_paths()


def check(files: list[CaseFile]) -> int:
    """Prints what is wrong with how the files are written."""
    ids = set(read_list(HERE / "ids.txt"))
    found = [problem for file in files for problem in syntax_problems(file, ids)]
    steps = sum(len(file.steps) for file in files)
    print("\n".join([*found, f"api check: {len(files)} files, {steps} steps, {len(found)} problems"]))
    return 1 if found else 0


def play(file: CaseFile, targets: Targets, own_servers: threading.Semaphore, report: Report, only: str) -> None:
    """One file from beginning to end."""
    if only and not any(only in f"{file.name}::{step.title}" for step in file.steps):
        return
    if (file.server or "local" in file.needs) and not targets.local:
        skip_file(file, "needs a server that the runner has started", report, only)
        return
    if "sign-up" in file.needs and not targets.local and not sign_up_open(targets.common().root):
        skip_file(file, "sign-up is closed at this URL", report, only)
        return
    try:
        if not file.server:
            Play(file, targets.common()).run(report, only)
            return
        with own_servers, targets.for_file(file) as target:
            Play(file, target).run(report, only)
    except ServerError as problem:
        report.add(Result(file.name, "the server starts", "failed", reasons=[str(problem)]))


def run(files: list[CaseFile], options: argparse.Namespace) -> int:
    """Runs all files; 0 when nothing failed."""
    report = Report(options.verbose)
    own_servers = threading.Semaphore(MOST_OWN_SERVERS)
    program = options.homespun and options.homespun.resolve()
    with Targets(program, (options.url or "").rstrip("/"), options.secret, options.serve) as targets:
        with ThreadPoolExecutor(max(1, options.jobs)) as pool:
            jobs = [pool.submit(play, file, targets, own_servers, report, options.only) for file in files]
            for job in jobs:
                job.result()
    report.write(options.report)
    for reason, count in sorted(report.skipped_reasons().items()):
        print(f"skipped {count}: {reason}")
    if not options.only and not options.files:
        print("\n".join(coverage(files)[0]))
    if not report.results:
        print(f"run_api: no step is called {options.only}", file=sys.stderr)
        return 2
    print(f"api: {report.count('passed')} passed, {report.count('failed')} failed, {report.count('skipped')} skipped")
    return 1 if report.count("failed") else 0


def main() -> int:
    """0: all is well; 1: something failed; 2: wrong usage or a file that cannot be read."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    options = arguments()
    try:
        files = [parse(path, HERE) for path in chosen(options.files)]
    except (FormatError, OSError) as problem:
        print(f"run_api: {problem}", file=sys.stderr)
        return 2
    if options.coverage:
        lines, missing = coverage(files)
        print("\n".join(lines))
        return 1 if missing else 0
    return check(files) if options.check else run(files, options)


if __name__ == "__main__":
    sys.exit(main())
