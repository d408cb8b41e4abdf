"""docs/seism/behaviours.md against the catalogue that the program tells."""

import re
from pathlib import Path

from seism_server import SeismServer, check
from test_command_line import run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "seism" / "behaviours.md"
ROW = re.compile(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)
EXAMPLE = re.compile(r"^    seism toxic add -t (\w+)(.*) \w+$", re.MULTILINE)


def _shown(value: object) -> str:
    if value == "":
        return "(empty)"
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def every_type_is_described_as_it_is(program: Path, folder: Path) -> None:
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    with SeismServer(program, folder) as server:
        types = server.call("GET", "/seism/v1/types").json
    check(set(sections) == {one["name"] for one in types}, f"types: {set(sections) ^ {one['name'] for one in types}}")
    for one in types:
        told = [(a["name"], _shown(a["standard"]), a["unit"]) for a in one["attributes"]]
        check(ROW.findall(sections[one["name"]]) == told, f"{one['name']}: the page has {ROW.findall(sections[one['name']])}")
        check(one["says"] in sections[one["name"]], f"{one['name']}: the page does not say: {one['says']}")


def every_example_works(program: Path, folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    sections = set(re.findall(r"^### (\w+)$", page, re.MULTILINE))
    examples = EXAMPLE.findall(page)
    check({name for name, _ in examples} >= sections, f"no example: {sections - {name for name, _ in examples}}")
    with SeismServer(program, folder) as server:
        for name, options in examples:
            proxy = f"p-{name}"
            server.call("POST", "/proxies", {"name": proxy, "listen": "127.0.0.1:0", "upstream": "127.0.0.1:9"})
            words = [word.strip('"') for word in options.split()]
            done = run(program, "toxic", "add", "-t", name, *words, proxy, url=server.url)
            check(done.returncode == 0, f"{name}{options}: {done.stderr}")


CASES = [every_type_is_described_as_it_is, every_example_works]
