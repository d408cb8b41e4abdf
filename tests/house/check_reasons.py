#!/usr/bin/env python3
"""Compares the reasons that the sources give for refusals with docs/reasons.md, both ways.

check_reasons.py [--tree DIR]   prints what is missing on either side and a last line `reasons: N passed, N failed`.
check_reasons.py --self-test    the same on a small tree with planted faults.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOMS = ("src/barrel/server", "src/sync/accounts", "src/sync/auth", "src/sync/easysetup", "src/sync/registration", "src/sync/storage", "src/sync/token", "src/sync/weave", "apps/homespun")

WORD = r'"([a-z][a-z0-9]*(?:[._-][a-z0-9]+)*)"'
# Where a literal is a reason. Names of functions end in `(`; `NUMBER` is a status or one of the protocols' own numbers.
NUMBER = r"(?:\d+|error_number::\w+|AccessFailure::\w+|status|problem\.status)"
PATTERNS = (
    rf"\brefuse\({WORD}",  # storage, bearer tokens
    rf"\bbad_query\({WORD}",
    rf"\b(?:invalid_token|bad_signature|unavailable)\({WORD}",
    rf"(?<!refusals::)(?<!\w)invalid\({WORD}\)",  # refusals::invalid names a parameter
    rf"\bset_reason\((?:std::string\()?{WORD}",
    rf"\bset_reason\([^;]*?\? {WORD} : \"",
    rf"\bset_reason\([^;]*?: {WORD}",
    rf"\breason = {WORD}",
    rf"Refusal\{{{NUMBER}(?:,\s*{NUMBER})?,\s*{WORD}",
    rf"\{{{NUMBER},\s*{NUMBER},\s*{WORD}",
    rf"\bProblem\{{(?:\d+|status), \"[a-z-]*\", {WORD}",
    rf"\bProblem problem\{{[^\"]*\"[a-z-]*\", {WORD}",
    rf"\bnew_users_disabled\({WORD}",
    rf"return \{{status, \"[a-z-]+\", {WORD}",
    rf"\brefuse\((?:\d+|[\w.]+), \"[a-z-]+\", {WORD}",
    rf"return \{{AccessFailure::\w+, {WORD}",
    rf"\brefuse\(context, \{{\w+, {WORD}",  # storage 1.1
    rf"\bRefusal\{{\w+, {WORD}",
    rf"\bRefused \w+\{{{NUMBER}, {WORD}",  # user API 1.0
    rf"\bBusy\{{{WORD}",
    rf"std::unexpected\({WORD}",
    r'"((?:jwt|mac)_[a-z_]+|bad_mac|verify_scope|verify_answer)"',  # families, often handed on
)
# Made of a prefix and the code of a failed check; and what the log says when nobody said anything.
MADE = ("rbr.invalid-body", "rbr.invalid-header", "unexplained")


def said(tree: Path) -> dict[str, str]:
    """The reasons of the sources, each with a file that has it."""
    found = dict.fromkeys(MADE, "src/barrel/server/endpoint.cpp")
    for room in ROOMS:
        for path in sorted((tree / room).glob("*.?pp")):
            if re.search(r"_(test|fixture|bench)\.", path.name):
                continue
            text = re.sub(r"//.*", "", path.read_text(encoding="utf-8"))
            for pattern in PATTERNS:
                for match in re.finditer(pattern, text):
                    found.setdefault(match[1], str(path.relative_to(tree)))
    return found


def documented(tree: Path) -> set[str]:
    """The words in the first column of the page's tables."""
    words: set[str] = set()
    for line in (tree / "docs" / "reasons.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            words |= set(re.findall(r"`([^`]+)`", line.split(" | ")[0]))
    return words


def problems(tree: Path) -> Iterator[str]:
    """One line for each reason that is missing on one side."""
    sources, page = said(tree), documented(tree)
    for word in sorted(set(sources) - page):
        yield f"{sources[word]}: the reason {word} is not in docs/reasons.md"
    for word in sorted(page - set(sources)):
        yield f"docs/reasons.md: no refusal has the reason {word}"


def self_test() -> list[str]:
    """What the check does not notice of planted faults."""
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for room in (*ROOMS, "docs"):
            (tree / room).mkdir(parents=True)
        (tree / "src/sync/storage/a.cpp").write_text('return refuse("one", "text");\n// refuse("comment", "x")\nRefusal{400, 1, "two"};\n')
        (tree / "docs/reasons.md").write_text("".join(f"| `{word}` | x |\n" for word in ("one", *MADE)) + "| `three`, `four` | y |\n")
        lines = list(problems(tree))
        for word in ("two", "three", "four"):
            if not any(f"reason {word}" in line for line in lines):
                missed.append(f"self-test: {word} was not noticed")
        if len(lines) != 3:
            missed.append(f"self-test: too much was noticed: {lines}")
    return missed


def main() -> int:
    """0 when both sides agree."""
    parser = argparse.ArgumentParser(description="Reasons of refusals, in the sources and in docs/reasons.md.")
    parser.add_argument("--tree", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    lines = self_test() if options.self_test else list(problems(options.tree))
    total = 1 if options.self_test else len(said(options.tree))
    print("\n".join([*lines, f"reasons: {max(total - len(lines), 0)} passed, {len(lines)} failed"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
