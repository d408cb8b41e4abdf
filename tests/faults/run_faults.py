#!/usr/bin/env python3
"""Kills servers under writers and looks whether anything was lost: the last line is `faults: N passed, N failed`.

    run_faults.py --kill-writers PROGRAM [--kills N] [--seed N] [--only PART]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SOUND, WRONG = 0, 1
# A commit that is held up and then killed. Who had his answer before it, would lose what he wrote.
HELD_COMMIT = ["--kill-at", "before_commit:60:50", "--kills", "3"]
# Each damage to a store, and what the checker must say of it.
TAMPERINGS = {
    "alter": "has another content",
    "drop": "is lost",
    "lose": "is lost",
    "revive": "came back from the dead",
    "rewind": "has timestamp",
    "unstage": "batch",
}


class Failure(Exception):
    """A check did not hold; the text says which."""


class Killer:
    """The program that kills, and what all its runs have in common."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.program, self.kills, self.seed = options.kill_writers, options.kills, options.seed

    def run(self, expected: int, *words: str, limit: float = 300) -> str:
        """Its output; raises Failure when it ends otherwise than expected."""
        command = [str(self.program), "--seed", str(self.seed), *words]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit, check=False
        )
        if done.returncode != expected:
            raise Failure(f"{' '.join(command)}: exit {done.returncode}, not {expected}:\n{done.stdout}{done.stderr}")
        return done.stdout


def kills_lose_nothing(killer: Killer) -> str:
    return killer.run(SOUND, "--kills", str(killer.kills), limit=30 + 20 * killer.kills)


def killed_workers_lose_nothing(killer: Killer) -> str:
    return killer.run(SOUND, "--arbiter", "--kills", "6")


def a_held_commit_loses_nothing(killer: Killer) -> str:
    return killer.run(SOUND, *HELD_COMMIT)


def early_answers_are_noticed(killer: Killer) -> str:
    """The control of all the others: a server that acknowledges before it commits."""
    return killer.run(WRONG, *HELD_COMMIT, "--planted-fault", "acknowledge_before_commit")


def tampering_is_noticed(killer: Killer) -> str:
    said = []
    for how, words in TAMPERINGS.items():
        # It ends with the first damage that is noticed; some deaths leave nothing to damage.
        output = killer.run(WRONG, "--kills", "25", "--tamper", how)
        wrong = [line for line in output.splitlines() if line.startswith("WRONG:")]
        if not any(words in line for line in wrong):
            raise Failure(f"--tamper {how}: nobody said {words!r}:\n{output}")
        said.append(f"{how}: {wrong[0]}")
    return "\n".join(said)


PARTS: dict[str, Callable[[Killer], str]] = {
    part.__name__: part
    for part in (
        kills_lose_nothing,
        killed_workers_lose_nothing,
        a_held_commit_loses_nothing,
        early_answers_are_noticed,
        tampering_is_noticed,
    )
}


def main() -> int:
    """0 when nothing failed."""
    parser = argparse.ArgumentParser(description="Kills servers under writers and looks whether anything was lost.")
    parser.add_argument("--kill-writers", type=Path, required=True, metavar="PROGRAM")
    parser.add_argument("--kills", type=int, default=30, metavar="N", help="of kills_lose_nothing (30)")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, metavar="N", help="another one each time")
    parser.add_argument("--only", choices=PARTS, help="one part")
    options = parser.parse_args()
    killer = Killer(options)
    passed = failed = 0
    for name, part in PARTS.items():
        if options.only not in (None, name):
            continue
        begin = time.monotonic()
        try:
            print(part(killer).rstrip())
        except (Failure, subprocess.TimeoutExpired) as failure:
            failed += 1
            print(f"FAILED {name}: {failure}", flush=True)
            continue
        passed += 1
        print(f"ok {name} ({time.monotonic() - begin:.1f} s)", flush=True)
    print(f"faults: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
