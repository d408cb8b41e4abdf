"""What a case file says, after reading: files, steps, expectations. Plain data."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class HeaderCheck:
    """One expectation about a response header."""

    name: str
    kind: str  # equals, matches, absent, present, contains
    value: str
    line: int


@dataclass
class BodyCheck:
    """One expectation about the response body."""

    kind: str  # empty, text, matches, lacks, json, subset
    value: str
    line: int


@dataclass
class Capture:
    """Keeps a part of the response in a variable."""

    name: str
    source: str  # status, header, json, body
    argument: str
    line: int


@dataclass
class Comparison:
    """Compares two values after the answer has come."""

    left: str
    operator: str
    right: str
    line: int


@dataclass
class Step:
    """One request and what is expected of its answer."""

    title: str
    line: int
    ids: list[str] = field(default_factory=list)
    auth: str = ""
    needs: set[str] = field(default_factory=set)
    sleep: str = ""
    clock: str = ""
    tokendb: str = ""  # SQL on token.db before the request
    repeat: int = 1
    together: int = 1
    new_connection: bool = False
    raw: list[tuple[str, bool]] = field(default_factory=list)  # text, and whether CRLF follows
    method: str = ""
    target: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str | None = None
    body_is_escaped: bool = False
    statuses: list[str] = field(default_factory=list)
    header_checks: list[HeaderCheck] = field(default_factory=list)
    body_checks: list[BodyCheck] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)


@dataclass
class CaseFile:
    """One `.http` file."""

    path: Path
    name: str  # relative to the folder of the tests
    title: str = ""
    needs: set[str] = field(default_factory=set)
    server: str = ""  # empty: the common server; else arguments of one of its own, "own" for none
    auth: str = ""
    ids: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


class FormatError(Exception):
    """A case file is not written as README.md says."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        super().__init__(f"{path}:{line}: {problem}")
