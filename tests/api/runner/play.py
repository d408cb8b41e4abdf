"""Runs one case file: its steps in order, with a storage user and, when needed, an account of its own."""

import random
import secrets
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from homespun_server import ServerError

from .accounts import Account, AccountTrouble, SignUpClosed, make_account, new_email
from .always import Exchange, complaints
from .authorization import AuthError, authorization
from .checks import captured, comparison_problem, problems, statuses_fit
from .matching import read_json
from .model import CaseFile, Step
from .report import Report, Result
from .target import Target
from .values import UnknownValue, Values
from .wire import Response, Wire, unescape

SHOWN = 1200


@dataclass(frozen=True)
class Request:
    """What is sent; for raw bytes only the body."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes | None


class Skip(Exception):
    """A step cannot be run here; says why."""


class Play:
    """A file against a target. Belongs to one thread."""

    def __init__(self, file: CaseFile, target: Target) -> None:
        self._file = file
        self._target = target
        self.root = target.root
        self.master = target.master
        self.uid = random.randint(100_000_000, 2_147_483_647)
        self._wire = Wire(target.root)
        self._variables: dict[str, str] = {}
        self._account: Account | None = None
        self._access: dict[str, str] = {}
        self._offset = 0.0
        self._gone = False
        self._values = Values(self, self.now)

    # ---- what authorization and values ask ---------------------------------------------------------------------------

    def now(self) -> float:
        """The server's time."""
        return time.time() + self._offset

    def account(self) -> Account:
        """Made at the first call."""
        if self._account is None:
            try:
                self._account = make_account(self.root, self._invite())
            except SignUpClosed as problem:
                if self._target.local:
                    raise
                raise Skip("sign-up is closed at this URL") from problem
        return self._account

    def access_token(self, scope: str) -> str:
        """One per scope and file."""
        if scope not in self._access:
            self._access[scope] = self.account().access_token(self.root, scope)
        return self._access[scope]

    def value_of(self, name: str) -> str:
        """A variable."""
        if name in self._variables:
            return self._variables[name]
        value = self._built_in(name)
        if value is None:
            raise UnknownValue(f"{{{{{name}}}}} has no value")
        return value

    def _built_in(self, name: str) -> str | None:
        if name.startswith("account."):
            return str(getattr(self.account(), name.removeprefix("account."), "")) or None
        parts = urlsplit(self.root)
        match name:
            case "uid":
                return str(self.uid)
            case "other_uid":
                return str(self.uid + 1)
            case "storage":
                return f"/storage/1.5/{self.uid}"
            case "root" | "origin":
                return self.root
            case "host":
                return parts.netloc
            case "port":
                return str(parts.port or 80)
            case "n":
                return self._variables.get("n", "1")
            case "invite":
                return self._invite()
            case "email":
                self._variables["email"] = new_email()
                return self._variables["email"]
            case "authpw":
                self._variables["authpw"] = secrets.token_hex(32)
                return self._variables["authpw"]
            case "salt":
                return "identity.mozilla.com/picl/v1/quickStretchV2:" + secrets.token_hex(16)
        return None

    def _invite(self) -> str:
        try:
            return self._target.invite()
        except ServerError:
            return ""

    # ---- running -----------------------------------------------------------------------------------------------------

    def run(self, report: Report, only: str) -> None:
        """All steps; `only` limits what is reported, not what is run, as later steps build on earlier ones."""
        try:
            for step in self._file.steps:
                begin = time.monotonic()
                result = self._run_step(step)
                result.seconds = round(time.monotonic() - begin, 3)
                if only in result.name:
                    report.add(result)
        finally:
            self._wire.close()

    def _run_step(self, step: Step) -> Result:
        result = Result(self._file.name, step.title, "passed", line=step.line)
        try:
            self._prepare(step)
            for number in range(1, step.repeat + 1):
                self._variables["n"] = str(number)
                self._once(step, result)
                if result.outcome != "passed":
                    break
        except (UnknownValue, Skip) as reason:
            result.outcome = "skipped"
            result.reasons.append(str(reason))
        except ConnectionRefusedError:
            self._gone = True
            result.outcome = "failed"
            result.reasons.append("nobody listens at the server's address any more")
        except (OSError, sqlite3.Error, AccountTrouble, AuthError, ServerError) as problem:
            result.outcome = "failed"
            result.reasons.append(f"{type(problem).__name__}: {problem}")
        return result

    def _prepare(self, step: Step) -> None:
        if self._gone:
            raise Skip("the server is gone")
        for need in sorted(self._file.needs | step.needs):
            if need in ("local", "clock") and not self._target.local:
                raise Skip(f"needs a server that the runner has started ({need})")
        if step.tokendb and not self._target.local:
            raise Skip("needs a server that the runner has started (tokendb)")
        if step.tokendb:
            self._target.change_token_db(self._values.fill(step.tokendb))
        if step.sleep:
            time.sleep(float(step.sleep))
        if step.clock:
            wanted = self._offset + float(step.clock)
            if not self._target.shift_clock(wanted):
                raise Skip("the program has no test clock")
            self._offset = wanted
        elif "clock" in step.needs and not self._target.shift_clock(self._offset):
            raise Skip("the program has no test clock")

    def _once(self, step: Step, result: Result) -> None:
        request = self._build(step, result)
        if step.raw:
            answers = self._raw(step, request)
        elif step.together > 1:
            with ThreadPoolExecutor(step.together) as pool:
                answers = list(pool.map(lambda _: self._exchange(step, request, Wire(self.root)), range(step.together)))
        else:
            answers = [self._exchange(step, request, self._wire)]
        statuses = [exchange.answer.status for exchange in answers]
        reasons = []
        if not statuses_fit(step.statuses, statuses, in_order=bool(step.raw)):
            reasons.append(f"status: expected {' '.join(step.statuses)}, got {' '.join(map(str, statuses))}")
        for capture in step.captures:
            text = captured(capture.source, capture.argument, answers[0].answer)
            self._variables.pop(capture.name, None)
            if text is None:
                reasons.append(f"nothing to capture as {capture.name}: {capture.source} {capture.argument}")
            else:
                self._variables[capture.name] = text
        for exchange in answers[-1:] if step.raw else answers:
            if exchange.answer.status:
                reasons += self._always(exchange) if not step.raw else []
                reasons += problems(step, exchange.answer, self._values)
        if not reasons:
            reasons += filter(None, (comparison_problem(each, self._values) for each in step.comparisons))
        if reasons:
            result.outcome = "failed"
            result.reasons += dict.fromkeys(reasons)
            result.response = _show_answer(answers[-1].answer)

    @staticmethod
    def _always(exchange: Exchange) -> list[str]:
        try:
            return complaints(exchange)
        except ValueError as problem:
            return [f"always: the answer cannot be read: {problem}"]

    def _build(self, step: Step, result: Result) -> Request:
        """The request as it goes over the wire; made once, also when it is sent several times together."""
        if step.raw:
            data = b"".join(unescape(self._values.fill(text)) + (b"\r\n" if whole else b"") for text, whole in step.raw)
            result.request = repr(data[:SHOWN])
            return Request("", "", [], data)
        target = self._values.fill(step.target)
        headers = [(name, self._values.fill(value)) for name, value in step.headers]
        body = self._body(step)
        directive = self._values.fill(step.auth)
        if not any(name.lower() == "authorization" for name, _ in headers):
            kind = next((value for name, value in headers if name.lower() == "content-type"), "")
            value = authorization(self, directive, step.method, target, body or b"", kind)
            if value is not None:
                headers.append(("Authorization", value))
        result.request = _show_request(step.method, target, headers, body)
        return Request(step.method, target, headers, body)

    def _raw(self, step: Step, request: Request) -> list[Exchange]:
        """Answers to raw bytes, one for each status that is expected."""
        answers = self._wire.raw(request.body or b"", len(step.statuses))
        return [Exchange("", "", self.now(), answer, self._target.local) for answer in answers]

    def _exchange(self, step: Step, request: Request, wire: Wire) -> Exchange:
        sent_at = self.now()
        answer = wire.request(
            request.method, wire.prefix + request.target, request.headers, request.body, step.new_connection
        )
        if step.together > 1:
            wire.close()
        return Exchange(request.method, request.target.split("?")[0], sent_at, answer, self._target.local)

    def _body(self, step: Step) -> bytes | None:
        if step.body is None:
            return None
        text = self._values.fill(step.body)
        return (read_json(text) if step.body_is_escaped else text).encode()


def _show_request(method: str, target: str, headers: list[tuple[str, str]], body: bytes | None) -> str:
    lines = [f"{method} {target}", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines += ["", body[:SHOWN].decode("utf-8", "replace") + (f" … ({len(body)} bytes)" if len(body) > SHOWN else "")]
    return "\n".join(lines)


def _show_answer(answer: Response) -> str:
    if not answer.status:
        return "(closed without an answer)"
    lines = [f"HTTP {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in answer.headers)]
    return "\n".join([*lines, "", answer.text[:SHOWN]])


def skip_file(file: CaseFile, reason: str, report: Report, only: str) -> None:
    """Notes all steps of a file as skipped."""
    for step in file.steps:
        result = Result(file.name, step.title, "skipped", reasons=[reason], line=step.line)
        if only in result.name:
            report.add(result)
