"""Compares JSON with what a case expects; numbers keep their text, so that `1.10` is not `1.1`."""

import json
import re
from decimal import Decimal
from typing import Any

WILD = re.compile(r"<(any|text|number|integer|timestamp|bool|object|list|hex|match|uuid)(?::(.*))?>$", re.DOTALL)


class Number:
    """A JSON number with its text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.value = Decimal(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return self.text


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a member stands twice in an object")
    return result


def read_json(text: str) -> Any:
    """Strict JSON; raises ValueError."""
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=_refuse, object_pairs_hook=_pairs)


def show(value: Any) -> str:
    """JSON for people, shortened."""
    text = _write(value)
    return text if len(text) <= 300 else text[:300] + " …"


def _write(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {_write(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_write(member) for member in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _wild(kind: str, argument: str | None, value: Any) -> bool:
    match kind:
        case "any":
            return True
        case "text":
            return isinstance(value, str) and (argument is None or len(value) == int(argument))
        case "number":
            return isinstance(value, Number)
        case "integer":
            return isinstance(value, Number) and re.fullmatch(r"-?\d+", value.text) is not None
        case "timestamp":
            return isinstance(value, Number) and re.fullmatch(r"\d+\.\d\d", value.text) is not None
        case "bool":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, dict) and (argument is None or len(value) == int(argument))
        case "list":
            return isinstance(value, list) and (argument is None or len(value) == int(argument))
        case "hex":
            return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{%s}" % (argument or "2,"), value) is not None
        case "match":
            return isinstance(value, str) and re.search(argument or "", value) is not None
    return False


def difference(expected: Any, got: Any, subset: bool, where: str = "") -> str | None:
    """What is different, or None. With `subset` objects may have further members."""
    place = where or "the body"
    if isinstance(expected, str) and (wild := WILD.match(expected)):
        return None if _wild(wild[1], wild[2], got) else f"{place}: expected {expected}, got {show(got)}"
    if isinstance(expected, dict):
        return _object_difference(expected, got, subset, where)
    if isinstance(expected, list):
        return _list_difference(expected, got, subset, where)
    if type(expected) is not type(got) or expected != got:
        return f"{place}: expected {show(expected)}, got {show(got)}"
    return None


def _object_difference(expected: dict[str, Any], got: Any, subset: bool, where: str) -> str | None:
    if not isinstance(got, dict):
        return f"{where or 'the body'}: expected an object, got {show(got)}"
    if not subset and (more := [name for name in got if name not in expected]):
        return f"{where or 'the body'}: unexpected member {more[0]!r} in {show(got)}"
    for name, wanted in expected.items():
        place = f"{where}/{name}"
        if wanted == "<absent>":
            if name in got:
                return f"{place}: expected to be absent, got {show(got[name])}"
        elif name not in got:
            return f"{place}: missing in {show(got)}"
        elif problem := difference(wanted, got[name], subset, place):
            return problem
    return None


def _list_difference(expected: list[Any], got: Any, subset: bool, where: str) -> str | None:
    if not isinstance(got, list):
        return f"{where or 'the body'}: expected a list, got {show(got)}"
    if expected and expected[0] == "<unordered>":
        return _unordered_difference(expected[1:], got, subset, where)
    if len(expected) != len(got):
        return f"{where or 'the body'}: expected {len(expected)} members, got {len(got)}: {show(got)}"
    for position, wanted in enumerate(expected):
        if problem := difference(wanted, got[position], subset, f"{where}/{position}"):
            return problem
    return None


def _unordered_difference(expected: list[Any], got: list[Any], subset: bool, where: str) -> str | None:
    left = list(got)
    for wanted in expected:
        for position, value in enumerate(left):
            if difference(wanted, value, subset) is None:
                del left[position]
                break
        else:
            return f"{where or 'the body'}: no {show(wanted)} in {show(got)}"
    return f"{where or 'the body'}: not expected: {show(left)}" if left else None


def at_pointer(value: Any, pointer: str) -> Any:
    """The value a JSON pointer names; raises KeyError."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, list) and name == "-1" and value:
            value = value[-1]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            raise KeyError(pointer)
    return value


def as_text(value: Any) -> str:
    """How a captured value is used later: texts as they are, everything else as JSON."""
    return value if isinstance(value, str) else _write(value)
