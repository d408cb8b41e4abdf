"""Checks case files without a server: variables, helpers, auth directives, regular expressions, JSON, ids."""

import re

from .authorization import AuthError, read_directive
from .matching import read_json
from .model import CaseFile, Step
from .values import HELPERS, OF_VARIABLES, PLACE, UnknownValue, Values, names_in


class _Anything:
    """Stands in for all variables."""

    def value_of(self, name: str) -> str:
        """Digits fit into numbers and texts alike."""
        return "11" * 32


def _texts(step: Step) -> list[str]:
    texts = [step.tokendb, step.target, step.auth, step.body or ""]
    return texts + [value for _, value in step.headers] + [text for text, _ in step.raw]


def _later_texts(step: Step) -> list[str]:
    texts = [check.value for check in step.header_checks] + [check.value for check in step.body_checks]
    for comparison in step.comparisons:
        texts += [comparison.left, comparison.right]
    return texts


def _unknown(texts: list[str], known: set[str]) -> list[str]:
    names = set().union(*map(names_in, texts)) - known
    return [f"{{{{{name}}}}} has no value here" for name in sorted(names) if not name.startswith("account.")]


def _values_problems(step: Step, known: set[str]) -> list[str]:
    """Adds what the step captures to `known`."""
    found = _unknown(_texts(step), known)
    known |= {capture.name for capture in step.captures}
    found += _unknown(_later_texts(step), known)
    for text in _texts(step) + _later_texts(step):
        for place in PLACE.finditer(text):
            if place[2] and place[1] not in HELPERS and place[1] not in OF_VARIABLES and place[1] != "now":
                found.append(f"no helper {place[1]}")
        if "{{" in PLACE.sub("", PLACE.sub("", text)):
            found.append(f"a place that cannot be read: {text!r}")
    return found


def _content_problems(step: Step) -> list[str]:
    values = Values(_Anything())
    found = []
    try:
        read_directive(values.fill(step.auth))
        if step.body_is_escaped:
            read_json(values.fill(step.body or ""))
        for check in step.header_checks:
            if check.kind == "matches":
                re.compile(values.fill(check.value))
        for check in step.body_checks:
            text = values.fill(check.value)
            if check.kind in ("matches", "lacks"):
                re.compile(text)
            elif check.kind in ("json", "subset", "escaped"):
                read_json(text)
    except (AuthError, ValueError, UnknownValue, re.error) as problem:
        found.append(str(problem))
    return found


def syntax_problems(file: CaseFile, ids: set[str]) -> list[str]:
    """One line for each thing that is wrong."""
    found, known = [], {"n"}
    for name in file.ids:
        if name not in ids:
            found.append(f"{file.name}: unknown id {name}")
    for step in file.steps:
        problems = [f"unknown id {name}" for name in step.ids if name not in ids]
        problems += _values_problems(step, known) + _content_problems(step)
        found += [f"{file.name}:{step.line}: {step.title}: {problem}" for problem in problems]
    return found
