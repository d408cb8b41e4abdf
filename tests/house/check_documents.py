#!/usr/bin/env python3
"""Checks the documents: links lead to a file and a heading that are there, files named in code exist, tables are whole, and
every page can be reached.

check_documents.py [--tree DIR] [--from PAGE]
    prints each fault as file:line and a last line `documents: N passed, N failed`. Read are all *.md of DIR; PAGE (README.md)
    is where readers begin.
check_documents.py --self-test
    plants pages with faults and demands that each is found, and no more.

Links to other hosts are not followed: tests need no network. A file is taken for named when code on a line of text begins with
a folder of DIR, like `docs/x.md`; `*` and NAME stand for any letters.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

PASSED_OVER = {"build", "node_modules"}  # and what begins with a dot
FENCE = re.compile(r"\s*(```|~~~)")
CODE = re.compile(r"(`+)(?:(?!\1).)+\1")
LINK = re.compile(r"\]\(<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\)")
DEFINITION = re.compile(r"\s{0,3}\[[^\]]+\]:\s*<?([^\s<>]+)>?")
HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*$")
NAMED = re.compile(r"(?<!`)`([\w-][\w.-]*/[\w./*-]+?)/?`(?!`)")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def pages(tree: Path) -> list[Path]:
    """All documents of the tree."""
    found = []
    for path in sorted(tree.rglob("*.md")):
        folders = path.relative_to(tree).parts[:-1]
        if not any(name in PASSED_OVER or name.startswith(".") for name in folders):
            found.append(path)
    return found


def prose(page: Path) -> Iterator[tuple[int, str]]:
    """The numbered lines of a page that are not in a fenced block."""
    fence = ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        found = FENCE.match(line)
        if found and fence in ("", found[1]):
            fence = "" if fence else found[1]
        elif not fence:
            yield number, line


def anchors(page: Path) -> set[str]:
    """The names of its headings, made as GitHub makes them."""
    found: set[str] = set()
    for _, line in prose(page):
        heading = HEADING.match(line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            same = sum(1 for each in found if re.fullmatch(re.escape(name) + r"(-\d+)?", each))
            found.add(f"{name}-{same}" if same else name)
    return found


def links(page: Path) -> Iterator[tuple[int, str]]:
    """Line and target of each link that stays in the tree."""
    for number, line in prose(page):
        if line.startswith("    "):
            continue  # code, as these pages have it
        definition = DEFINITION.match(line)
        for target in [definition[1]] if definition else LINK.findall(CODE.sub("``", line)):
            if not ELSEWHERE.match(target):
                yield number, target


def fault_of(tree: Path, page: Path, target: str) -> str | None:
    """Why nobody arrives there."""
    name, _, anchor = target.partition("#")
    file = (page.parent / name).resolve() if name else page
    if not file.is_relative_to(tree) or not file.exists():
        return f"{target}: there is no such file"
    if anchor and (file.suffix != ".md" or anchor not in anchors(file)):
        return f"{target}: there is no such heading"
    return None


def named_but_missing(tree: Path, line: str) -> Iterator[str]:
    """The files of the tree that a line names and that are not there; what the tests and builds leave is not looked for."""
    for name in NAMED.findall(line):
        top = name.split("/", 1)[0]
        if top not in PASSED_OVER and (tree / top).is_dir() and not any(tree.glob(name.replace("NAME", "*"))):
            yield f"{name}: there is no such file"


def headless_tables(page: Path) -> Iterator[int]:
    """Where rows stand that no head belongs to: they are shown as text."""
    above = ""
    rows = list(prose(page))
    for (number, line), (_, below) in zip(rows, [*rows[1:], (0, "")]):
        if line.startswith("|") and not above.startswith("|") and not re.match(r"\|[\s:|-]+$", below):
            yield number
        above = line


def reached(begin: Path) -> set[Path]:
    """The pages that a reader who begins there comes by."""
    found, waiting = {begin}, [begin]
    while waiting:
        page = waiting.pop()
        for _, target in links(page):
            file = (page.parent / target.partition("#")[0]).resolve()
            if file.suffix == ".md" and file.is_file() and file not in found:
                found.add(file)
                waiting.append(file)
    return found


def check(tree: Path, begin: str) -> tuple[int, list[str]]:
    """The number of links and pages looked at, and what is wrong with them."""
    tree = tree.resolve()
    number, faults = 0, []
    for page in pages(tree):
        for line, target in links(page):
            number += 1
            fault = fault_of(tree, page, target)
            if fault:
                faults.append(f"{page.relative_to(tree)}:{line}: {fault}")
        for line, text in prose(page):
            faults += [f"{page.relative_to(tree)}:{line}: {fault}" for fault in named_but_missing(tree, text)]
        faults += [f"{page.relative_to(tree)}:{line}: a table without a head" for line in headless_tables(page)]
    if not (tree / begin).is_file():
        return number + 1, [*faults, f"{begin}: there is no such page"]
    known = reached(tree / begin)
    for page in pages(tree):
        number += 1
        if page not in known:
            faults.append(f"{page.relative_to(tree)}:1: no page leads here from {begin}")
    return number, faults


PLANTED = {
    "README.md": """# Top
[a](docs/a.md) [b](docs/a.md#two-words) [twice](docs/a.md#two-words-1) ![p](docs/p.png "P") [folder](docs) [self](#top)
[away](https://example.org/nowhere.md) `[code](nowhere.md)`

    [code](nowhere.md)

```
[code](nowhere.md)
# no heading
```
[gone](docs/gone.md)
[no heading](docs/a.md#three)
[outside](../outside.md)
[fenced](#no-heading)
[of a picture](docs/p.png#x)
[word][1]

[1]: gone-too.md
""",
    "docs/a.md": "# `A`, [linked](b.md)!\n## Two words\n## Two *words*\n[up](../README.md#top) [own](#a-linked)\n",
    "docs/b.md": "[c](c.md) `docs/b.md` `docs/NAME.md` `docs/*.png` `docs/` `other/x.md` `build/x`\n`docs/d.md`\n`docs/d*.md`\n",
    "docs/c.md": "| a | b |\n|---|---|\n| c | d |\n\n| e | f |\n",
    "docs/lonely.md": "",
    "docs/p.png": "",
    "build/x.md": "[gone](gone.md)\n",
}
EXPECTED = [*(f"README.md:{line}" for line in (11, 12, 13, 14, 15, 18)), "docs/b.md:2", "docs/b.md:3", "docs/c.md:5", "docs/lonely.md:1"]


def self_test() -> list[str]:
    """What is judged wrongly of planted pages."""
    with tempfile.TemporaryDirectory(prefix="documents-") as scratch:
        for name, text in PLANTED.items():
            path = Path(scratch) / "tree" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (Path(scratch) / "outside.md").write_text("", encoding="utf-8")
        _, faults = check(Path(scratch) / "tree", "README.md")
        _, without = check(Path(scratch) / "tree", "INDEX.md")
    found = [fault.split(": ", 1)[0] for fault in faults]
    wrong = [f"self-test: {each} was not noticed" for each in EXPECTED if each not in found]
    wrong += [f"self-test: {fault}" for fault, place in zip(faults, found, strict=True) if place not in EXPECTED]
    return wrong + ([] if any("INDEX.md" in fault for fault in without) else ["self-test: a missing first page was not noticed"])


def main() -> int:
    """0 when all is well."""
    parser = argparse.ArgumentParser(description="Links, files and tables of the documents.")
    parser.add_argument("--tree", type=Path, default=Path(__file__).resolve().parents[2], metavar="DIR")
    parser.add_argument("--from", dest="begin", default="README.md", metavar="PAGE")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    number, faults = (len(EXPECTED) + 1, self_test()) if options.self_test else check(options.tree, options.begin)
    print("\n".join([*faults, f"documents: {max(number - len(faults), 0)} passed, {len(faults)} failed"]))
    return 1 if faults or not number else 0


if __name__ == "__main__":
    sys.exit(main())
