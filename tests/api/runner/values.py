"""`{{…}}` in case files: variables and the few helpers the protocol needs."""

import base64
import hashlib
import re
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Protocol
from urllib.parse import quote

from .accounts import key_fetch_id, session_id
from .matching import as_text, read_json

PLACE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_.-]*)((?::[^{}]*)?)\s*\}\}")
FILLER = "x"


class UnknownValue(Exception):
    """A variable has no value (yet), or a helper is used wrongly."""


class Variables(Protocol):
    """Where variables come from."""

    def value_of(self, name: str) -> str:
        """Raises UnknownValue."""


def filler(length: int) -> str:
    """A text of that many bytes."""
    return FILLER * length


def _repeat(text: str, count: str) -> str:
    return text * int(count)


def _records(count: str, size: str, prefix: str = "r", separator: str = ",") -> str:
    payload = filler(int(size))
    return separator.join(f'{{"id":"{prefix}{number:05d}","payload":"{payload}"}}' for number in range(int(count)))


def _lines(count: str, size: str, prefix: str = "r") -> str:
    return _records(count, size, prefix, "\n") + "\n"


def _ids(count: str, prefix: str = "r") -> str:
    return ",".join(f"{prefix}{number:05d}" for number in range(int(count)))


def _headers(count: str) -> str:
    return "".join(f"X-Filler-{number}: x\\r\\n" for number in range(int(count)))


def _b64url(digits: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(digits)).rstrip(b"=").decode()


def _pkce(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


HELPERS: dict[str, Callable[..., str]] = {
    "repeat": _repeat,
    "records": _records,
    "lines": _lines,
    "ids": _ids,
    "headers": _headers,
    "b64url": _b64url,
    "pkce": _pkce,
}
OF_VARIABLES = {"add", "payload", "upper", "sessionid", "keyfetchid", "urlencode"}
BUILT_IN = {"now", "uid", "other_uid", "storage", "root", "host", "port", "origin", "n", "invite", "email", "authpw", "salt"}


def add(value: str, amount: str) -> str:
    """A decimal sum, with as many decimals as the operands have."""
    return str(Decimal(value) + Decimal(amount))


class Values:
    """Fills in the places of a text."""

    def __init__(self, variables: Variables, clock: Callable[[], float] = time.time) -> None:
        self._variables = variables
        self._clock = clock

    def fill(self, text: str) -> str:
        """The text with every place filled in, inner ones first; raises UnknownValue."""
        for _ in range(2 if "{{" in text else 0):
            text = PLACE.sub(lambda found: self._value(found[1], found[2][1:] if found[2] else None), text)
        return text

    def _value(self, name: str, arguments: str | None) -> str:
        if name == "now":
            return f"{self._clock() + float(arguments or 0):.2f}"
        if arguments is None:
            return self._variables.value_of(name)
        parts = arguments.split(":")
        try:
            if name in HELPERS:
                return HELPERS[name](*(self._argument(name, part) for part in parts))
            return self._of_variable(name, parts)
        except (ValueError, TypeError, KeyError, IndexError, ArithmeticError) as problem:
            raise UnknownValue(f"{{{{{name}:{arguments}}}}}: {problem}") from problem

    def _argument(self, helper: str, part: str) -> str:
        """The helper pkce takes a variable when there is one of that name."""
        if helper != "pkce":
            return part
        try:
            return self._variables.value_of(part)
        except UnknownValue:
            return part

    def _of_variable(self, name: str, parts: list[str]) -> str:
        value = self._variables.value_of(parts[0])
        match name:
            case "add":
                return add(value, parts[1])
            case "payload":
                return as_text(read_json(base64.urlsafe_b64decode(value)[:-32].decode())[parts[1]])
            case "upper":
                return value.upper()
            case "sessionid":
                return session_id(value)
            case "keyfetchid":
                return key_fetch_id(value)
            case "urlencode":
                return quote(value, safe="")
        raise UnknownValue(f"no helper {name}")


def names_in(text: str) -> set[str]:
    """The variables a text asks for."""
    names = set()
    for found in PLACE.finditer(text):
        name, arguments = found[1], found[2][1:]
        if name in OF_VARIABLES:
            names.add(arguments.split(":")[0])
        elif name not in HELPERS:
            names.add(name)
    return names - BUILT_IN
