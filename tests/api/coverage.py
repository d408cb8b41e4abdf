#!/usr/bin/python3
"""Which requirements of the sheets have no case: prints their ids; exit 1 when one is neither covered nor explained."""

import sys
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

from runner import always  # noqa: E402
from runner.model import CaseFile, FormatError  # noqa: E402
from runner.parser import parse  # noqa: E402


def read_list(path: Path) -> dict[str, str]:
    """Lines `id  text`; empty lines and those that begin with # do not count."""
    result: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, text = line.partition(" ")
            if name in result:
                raise SystemExit(f"{path.name}: {name} stands twice")
            result[name] = text.strip()
    return result


def case_paths() -> list[Path]:
    """All case files."""
    return sorted(HERE.rglob("*.http"))


def covered_ids(files: Iterable[CaseFile]) -> set[str]:
    """The ids that a step, a file or a check of every answer carries."""
    names = always.covered()
    for file in files:
        names.update(file.ids)
        for step in file.steps:
            names.update(step.ids)
    return names


def coverage(files: Iterable[CaseFile]) -> tuple[list[str], list[str]]:
    """Lines to print, and the ids that are neither covered nor explained in uncovered.txt."""
    ids, explained = read_list(HERE / "ids.txt"), read_list(HERE / "uncovered.txt")
    covered = covered_ids(files)
    missing = [name for name in ids if name not in covered and name not in explained]
    lines = [f"no case: {name}  {ids[name]}" for name in missing]
    lines += [f"unknown id: {name}" for name in sorted(covered - set(ids))]
    lines += [f"explained in uncovered.txt, but there is no such id: {name}" for name in explained if name not in ids]
    lines += [f"explained in uncovered.txt, but there is a case: {name}" for name in explained if name in covered]
    count = sum(1 for name in ids if name in covered)
    lines.append(f"coverage: {count} of {len(ids)} ids have a case, {len(explained)} are explained, {len(missing)} are missing")
    return lines, missing


def main() -> int:
    """Reads all case files."""
    try:
        lines, missing = coverage([parse(path, HERE) for path in case_paths()])
    except FormatError as problem:
        print(problem, file=sys.stderr)
        return 2
    print("\n".join(lines))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
