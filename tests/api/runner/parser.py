"""Reads a `.http` file into the model. The format is described in ../README.md."""

import re
from pathlib import Path

from .model import BodyCheck, Capture, CaseFile, Comparison, FormatError, HeaderCheck, Step

DIRECTIVE = re.compile(r"(id|auth|needs|sleep|clock|tokendb|repeat|together|connection):\s*(.*)$")
PREAMBLE = re.compile(r"(title|id|auth|needs|server):\s*(.*)$")
REQUEST = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S.*)$")
HEADER = re.compile(r"([A-Za-z0-9-]+):(?: (.*))?$")
HEADER_CHECK = re.compile(r"([A-Za-z0-9-]+)(?:: (.*)| (~|contains) (.+)| (absent|present))$")
CAPTURE = re.compile(r"capture ([A-Za-z_][A-Za-z0-9_]*) = (?:(status|body)|(header|json) (\S.*))$")
COMPARISON = re.compile(r"check (\S+) (<|<=|>|>=|==|!=) (\S+)$")
NEEDS = {"local", "clock", "sign-up"}


class Parser:
    """Reads one file, line by line."""

    def __init__(self, path: Path, name: str) -> None:
        self._lines = path.read_text(encoding="utf-8").splitlines()
        self._at = 0
        self._file = CaseFile(path, name)

    def read(self) -> CaseFile:
        """The whole file; raises FormatError."""
        self._preamble()
        while self._at < len(self._lines):
            self._file.steps.append(self._step())
        if not self._file.steps:
            self._fail("no step; a step begins with '### title'")
        titles = [step.title for step in self._file.steps]
        for step in self._file.steps:
            if titles.count(step.title) > 1:
                raise FormatError(self._file.path, step.line, f"two steps are called {step.title!r}")
        return self._file

    def _fail(self, problem: str, line: int | None = None) -> None:
        raise FormatError(self._file.path, self._at + 1 if line is None else line, problem)

    def _peek(self) -> str | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def _preamble(self) -> None:
        while (line := self._peek()) is not None and not line.startswith("### "):
            if line.strip() and not line.startswith("#"):
                found = PREAMBLE.match(line)
                if not found:
                    self._fail(f"expected title, id, auth, needs or server, or a step: {line!r}")
                self._file_directive(*found.groups())
            self._at += 1

    def _file_directive(self, name: str, value: str) -> None:
        if name == "needs":
            self._file.needs |= self._needs(value)
        elif name == "id":
            self._file.ids += value.split()
        else:
            setattr(self._file, name, value.strip())

    def _needs(self, value: str) -> set[str]:
        wanted = set(value.split())
        if wanted - NEEDS:
            self._fail(f"needs: only {', '.join(sorted(NEEDS))}")
        return wanted

    def _step(self) -> Step:
        step = Step(self._lines[self._at][4:].strip(), self._at + 1, auth=self._file.auth)
        self._at += 1
        self._directives(step)
        if not step.raw:
            self._request(step)
        self._expectation(step)
        return step

    def _directives(self, step: Step) -> None:
        """Everything up to the request line, or up to `HTTP` for raw bytes."""
        while (line := self._peek()) is not None:
            if not line.strip() or (line.startswith("#") and not line.startswith("### ")):
                self._at += 1
            elif line.startswith((">> ", "> ")) or line == ">":
                whole = not line.startswith(">>")
                step.raw.append((line[2:] if whole else line[3:], whole))
                self._at += 1
            elif found := DIRECTIVE.match(line):
                self._directive(step, found[1], found[2].strip())
                self._at += 1
            else:
                return

    def _directive(self, step: Step, name: str, value: str) -> None:
        if name == "id":
            step.ids += value.split()
        elif name == "needs":
            step.needs |= self._needs(value)
        elif name == "connection":
            step.new_connection = value == "new"
        elif name in ("repeat", "together"):
            if not value.isdigit() or int(value) < 1:
                self._fail(f"{name}: a number of at least 1")
            setattr(step, name, int(value))
        else:
            setattr(step, name, value)

    def _request(self, step: Step) -> None:
        line = self._peek() or ""
        found = REQUEST.match(line)
        if not found:
            self._fail(f"expected a directive or a request line such as 'GET {{{{storage}}}}/info/collections': {line!r}")
        step.method, step.target = found.groups()
        self._at += 1
        while (line := self._peek()) is not None and line.strip() and not line.startswith("HTTP "):
            header = HEADER.match(line)
            if not header:
                self._fail(f"expected 'Header: value', an empty line, or 'HTTP status': {line!r}")
            step.headers.append((header[1], header[2] or ""))
            self._at += 1
        lines: list[str] = []
        if line is not None and not line.strip():
            self._at += 1
            while (line := self._peek()) is not None and not re.match(r"HTTP (\S)", line):
                if line.startswith("### "):
                    break
                lines.append(line)
                self._at += 1
        while lines and not lines[-1].strip():
            lines.pop()
        if len(lines) == 1 and lines[0].startswith('= "'):
            step.body, step.body_is_escaped = lines[0][2:], True
        elif lines:
            step.body = "\n".join(lines)

    def _expectation(self, step: Step) -> None:
        line = self._peek() or ""
        if not line.startswith("HTTP "):
            self._fail(f"step {step.title!r}: expected 'HTTP status'")
        step.statuses = line[5:].split()
        for status in step.statuses:
            if not re.fullmatch(r"(\d{3}|\dxx)(\|(\d{3}|\dxx))*|closed(\|\d{3})*", status):
                self._fail(f"no status: {status!r}")
        if len(step.statuses) not in (1, step.together) and not step.raw:
            self._fail("as many statuses as requests go together, or one")
        self._at += 1
        while (line := self._peek()) is not None and not line.startswith("### "):
            self._at += 1
            if line.strip() and not line.startswith("#"):
                self._check(step, line)

    def _check(self, step: Step, line: str) -> None:
        number = self._at
        if line == "body empty":
            step.body_checks.append(BodyCheck("empty", "", number))
        elif line.startswith(("body: ", "body ~ ", "body !~ ", 'body = "')):
            word, value = line[5:].split(" ", 1) if line[4] == " " else (":", line[6:])
            kind = {":": "text", "~": "matches", "!~": "lacks", "=": "escaped"}[word]
            step.body_checks.append(BodyCheck(kind, value, number))
        elif line.split(" ", 1)[0] in ("json:", "subset:"):
            kind, _, value = line.partition(":")
            while (more := self._peek()) is not None and more.startswith((" ", "\t")):
                value += "\n" + more
                self._at += 1
            step.body_checks.append(BodyCheck(kind, value.strip(), number))
        elif found := CAPTURE.match(line):
            step.captures.append(Capture(found[1], found[2] or found[3], (found[4] or "").strip(), number))
        elif found := COMPARISON.match(line):
            step.comparisons.append(Comparison(found[1], found[2], found[3], number))
        elif found := HEADER_CHECK.match(line):
            name, exact, operator, operand, bare = found.groups()
            kind = bare or {"~": "matches", "contains": "contains", None: "equals"}[operator]
            step.header_checks.append(HeaderCheck(name, kind, (exact if operand is None else operand) or "", number))
            if kind == "equals" and exact is None:
                self._fail("a header needs a value", number)
        else:
            self._fail(f"not understood: {line!r}", number)


def parse(path: Path, root: Path) -> CaseFile:
    """Reads a file; its name is relative to `root` when it lies below it."""
    resolved = path.resolve()
    name = str(resolved.relative_to(root)) if resolved.is_relative_to(root) else str(path)
    return Parser(path, name).read()
