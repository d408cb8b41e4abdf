"""Looks at an answer: does it keep what a step expects?"""

import re
from decimal import Decimal, InvalidOperation

from .matching import as_text, at_pointer, difference, read_json
from .model import BodyCheck, Comparison, HeaderCheck, Step
from .values import Values
from .wire import Response


def status_fits(pattern: str, status: int) -> bool:
    """Whether `200|4xx` or `closed` allows a status (0: closed without an answer)."""
    for each in pattern.split("|"):
        if each == "closed" and status == 0 or each == str(status) or each == f"{status // 100}xx" and status:
            return True
    return False


def statuses_fit(patterns: list[str], statuses: list[int], in_order: bool = False) -> bool:
    """In any order when several requests went together, in order when they went one behind the other."""
    if in_order:
        return all(status_fits(pattern, status) for pattern, status in zip(patterns, statuses, strict=True))
    if len(patterns) == 1:
        return all(status_fits(patterns[0], status) for status in statuses)
    left = list(patterns)
    for status in statuses:
        fitting = [pattern for pattern in left if status_fits(pattern, status)]
        if not fitting:
            return False
        left.remove(fitting[0])
    return True


def header_problem(check: HeaderCheck, answer: Response, values: Values) -> str | None:
    """What is wrong with a header, if anything."""
    got = answer.header(check.name)
    wanted = values.fill(check.value)
    if check.kind == "absent":
        return None if got is None else f"{check.name}: expected to be absent, got {got!r}"
    if got is None:
        return f"{check.name} is missing"
    if check.kind == "equals" and got != wanted:
        return f"{check.name}: expected {wanted!r}, got {got!r}"
    if check.kind == "matches" and not re.search(wanted, got):
        return f"{check.name}: expected to match {wanted}, got {got!r}"
    if check.kind == "contains":
        listed = {part.strip().lower() for part in got.split(",")}
        missing = [word for word in re.split(r"[,\s]+", wanted) if word.lower() not in listed]
        if missing:
            return f"{check.name}: {', '.join(missing)} not listed in {got!r}"
    return None


def body_problem(check: BodyCheck, answer: Response, values: Values) -> str | None:
    """What is wrong with the body, if anything."""
    wanted, got = values.fill(check.value), answer.text
    match check.kind:
        case "empty":
            return f"expected no body, got {got[:200]!r}" if got else None
        case "text" | "escaped":
            text = wanted if check.kind == "text" else read_json(wanted)
            return None if got == text else f"body: expected {text[:300]!r}, got {got[:300]!r}"
        case "matches":
            return None if re.search(wanted, got, re.DOTALL) else f"body: expected to match {wanted}, got {got[:300]!r}"
        case "lacks":
            return f"body: expected not to match {wanted}" if re.search(wanted, got, re.DOTALL) else None
    try:
        return difference(read_json(wanted), read_json(got), check.kind == "subset")
    except ValueError as problem:
        return f"no JSON ({problem}): {got[:200]!r}"


def comparison_problem(comparison: Comparison, values: Values) -> str | None:
    """What is wrong with a comparison, if anything."""
    left, right = values.fill(comparison.left), values.fill(comparison.right)
    try:
        one, other = Decimal(left), Decimal(right)
        order = (one > other) - (one < other)
    except InvalidOperation:
        order = (left > right) - (left < right)
    holds = {"<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0, "==": order == 0, "!=": order != 0}
    if holds[comparison.operator]:
        return None
    return f"expected {comparison.left} {comparison.operator} {comparison.right}, but these are {left} and {right}"


def captured(source: str, argument: str, answer: Response) -> str | None:
    """The captured text, or None when it is not there."""
    if source == "status":
        return str(answer.status)
    if source == "header":
        return answer.header(argument)
    if source == "body":
        return answer.text
    try:
        return as_text(at_pointer(read_json(answer.text), argument))
    except (ValueError, KeyError):
        return None


def problems(step: Step, answer: Response, values: Values) -> list[str]:
    """Everything that is not as expected, the status excepted."""
    found = [header_problem(check, answer, values) for check in step.header_checks]
    found += [body_problem(check, answer, values) for check in step.body_checks]
    return [problem for problem in found if problem]
