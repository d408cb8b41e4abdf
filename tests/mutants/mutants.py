"""The list of mutants: reading it, and what is wrong with it."""

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
LIST = HERE / "mutants.toml"


class MutantError(Exception):
    """The list, or an entry of it, cannot be used; the text is for people."""


@dataclass(frozen=True)
class Mutant:
    """One small fault, planted on purpose."""

    name: str
    breaks: str  # one sentence: what goes wrong
    file: str  # from the top of the repository
    old: str  # there exactly once
    new: str
    ids: tuple[str, ...]  # of tests/api/ids.txt: what no longer holds
    cases: tuple[str, ...]  # below tests/api: folders and files

    def mutated(self, text: str) -> str:
        """`text` of the file with the fault in it."""
        found = text.count(self.old)
        if found != 1:
            raise MutantError(f"{self.name}: the old text is {found} times in {self.file}, not once: bring mutants.toml up to date")
        return text.replace(self.old, self.new)


def mutant_of(entry: dict[str, Any]) -> Mutant:
    """An entry of the list."""
    wanted = {each.name for each in fields(Mutant)}
    if set(entry) != wanted:
        raise MutantError(f"{entry.get('name', 'a mutant without a name')}: missing or unknown: {', '.join(sorted(wanted ^ set(entry)))}")
    lists = {"ids": tuple(entry["ids"]), "cases": tuple(entry["cases"])}
    return Mutant(**{**entry, **lists})


def read_mutants(path: Path = LIST) -> list[Mutant]:
    """All of them, in the order of the list."""
    with path.open("rb") as file:
        return [mutant_of(entry) for entry in tomllib.load(file)["mutant"]]


def requirements() -> set[str]:
    """The ids of tests/api/ids.txt."""
    lines = (TOP / "tests/api/ids.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def problems(mutant: Mutant, known_ids: set[str]) -> list[str]:
    """What keeps a mutant from being run, or from proving anything."""
    found = []
    try:
        text = (TOP / mutant.file).read_text(encoding="utf-8")
        if mutant.mutated(text) == text:
            found.append(f"{mutant.name}: changes nothing")
    except (OSError, MutantError) as problem:
        found.append(str(problem))
    if not mutant.ids or not mutant.cases:
        found.append(f"{mutant.name}: needs ids and cases")
    found += [f"{mutant.name}: {each} is not in tests/api/ids.txt" for each in mutant.ids if each not in known_ids]
    found += [f"{mutant.name}: there is no tests/api/{each}" for each in mutant.cases if not (TOP / "tests/api" / each).exists()]
    return found
