"""What must hold for every answer, whatever the case is about. Checked by the runner after each step."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from .matching import read_json
from .wire import Response

TWO_DECIMALS = re.compile(r"\d+\.\d\d")
STORAGE = re.compile(r"/[^/]+/1\.5/")  # whatever it is mounted at
TOKEN_SERVER = re.compile(r"/(?!user/|misc/)[^/]+/1\.0/")
OF_2010 = re.compile(r"/(user|misc)/1(\.0)?/|/1(\.[01])?/[^/]+/(info|storage)(/|$)")
KEY_EXCHANGE = re.compile(r"/(keyexchange|jpake)(/|$)")  # whatever the cases mount it at


@dataclass(frozen=True)
class Exchange:
    """A request as far as it matters here, and its answer."""

    method: str
    path: str  # without query
    sent_at: float  # our clock, seconds, shifted like the server's
    answer: Response
    same_clock: bool  # the server runs on this machine

    @property
    def in_storage(self) -> bool:
        """Whether the storage service answered."""
        return STORAGE.match(self.path) is not None

    @property
    def of_2010(self) -> bool:
        """Whether a service of 2010 answered."""
        return OF_2010.match(self.path) is not None

    @property
    def is_error(self) -> bool:
        """Whether the status says so."""
        return self.answer.status >= 400


Complaints = Iterator[str]
CHECKS: list[tuple[str, Callable[[Exchange], Complaints]]] = []


def always(*names: str) -> Callable[[Callable[[Exchange], Complaints]], Callable[[Exchange], Complaints]]:
    """Marks a check with the ids it covers."""

    def note(check: Callable[[Exchange], Complaints]) -> Callable[[Exchange], Complaints]:
        CHECKS.append((" ".join(names), check))
        return check

    return note


def covered() -> set[str]:
    """The ids these checks cover."""
    return {name for names, _ in CHECKS for name in names.split()}


def complaints(exchange: Exchange) -> list[str]:
    """What is wrong with an answer; 100 Continue is none yet."""
    if exchange.answer.status == 100:
        return []
    return [f"always ({names}): {text}" for names, check in CHECKS for text in check(exchange)]


@always("sync15-2-6")
def nosniff(exchange: Exchange) -> Complaints:
    """X-Content-Type-Options on every response."""
    if exchange.answer.header("X-Content-Type-Options") != "nosniff":
        yield "X-Content-Type-Options: nosniff is missing"


@always("sync15-2-7", "sync15-25-52")
def strict_http(exchange: Exchange) -> Complaints:
    """The rules of strict HTTP checkers about Content-Length and Content-Type."""
    answer = exchange.answer
    length, kind = answer.header("Content-Length"), answer.header("Content-Type")
    if length and length != "0" and kind is None:
        yield f"Content-Length: {length} without Content-Type"
    if answer.status in (204, 304):
        if answer.body:
            yield f"{answer.status} with a body"
        if length is not None:  # of a 304 it would be the length of the 200
            yield f"{answer.status} with Content-Length: {length}"
    if length is not None and exchange.method != "HEAD" and answer.status not in (204, 304) and int(length) != len(answer.body):
        yield f"Content-Length: {length}, but {len(answer.body)} bytes came"


@always("acc-5-4")
def date(exchange: Exchange) -> Complaints:
    """Clients learn the server's time from Date."""
    if not exchange.answer.header("Date"):
        yield "Date is missing"


@always("sync15-2-1", "legacy-1-3")
def storage_timestamp(exchange: Exchange) -> Complaints:
    """X-Weave-Timestamp on every answer of storage and of the services of 2010, and nowhere else."""
    moment = exchange.answer.header("X-Weave-Timestamp")
    if not exchange.in_storage and not exchange.of_2010:
        if moment is not None:
            yield "X-Weave-Timestamp outside the storage service"
    elif exchange.method != "OPTIONS":
        if moment is None or not TWO_DECIMALS.fullmatch(moment):
            yield f"X-Weave-Timestamp with two decimals expected, got {moment}"


@always("sync15-2-3")
def last_modified(exchange: Exchange) -> Complaints:
    """X-Last-Modified on every success, 304 and 412."""
    if not exchange.in_storage or exchange.method == "OPTIONS":
        return
    modified = exchange.answer.header("X-Last-Modified")
    if (exchange.answer.status < 300 or exchange.answer.status in (304, 412)) and modified is None:
        yield "X-Last-Modified is missing"
    if modified is not None and not TWO_DECIMALS.fullmatch(modified):
        yield f"X-Last-Modified with two decimals expected, got {modified}"


@always("sync15-2-2")
def timestamps_in_order(exchange: Exchange) -> Complaints:
    """X-Weave-Timestamp is never before X-Last-Modified."""
    moment, modified = exchange.answer.header("X-Weave-Timestamp"), exchange.answer.header("X-Last-Modified")
    if moment and modified and TWO_DECIMALS.fullmatch(moment) and TWO_DECIMALS.fullmatch(modified):
        if Decimal(moment) < Decimal(modified):
            yield f"X-Weave-Timestamp {moment} is before X-Last-Modified {modified}"


@always("sync15-3-8", "sync15-25-6")
def not_behind_the_client(exchange: Exchange) -> Complaints:
    """X-Weave-Timestamp is not before the client's time 10 ms earlier."""
    moment = exchange.answer.header("X-Weave-Timestamp")
    if exchange.same_clock and moment and TWO_DECIMALS.fullmatch(moment):
        if Decimal(moment) < Decimal(f"{exchange.sent_at - 0.01:.2f}"):
            yield f"X-Weave-Timestamp {moment} is before {exchange.sent_at - 0.01:.2f}, when the request had not been sent"


@always("sync15-10-1")
def storage_errors(exchange: Exchange) -> Complaints:
    """A storage error's body is a JSON integer; 412 is empty or 0."""
    if not exchange.in_storage or not exchange.is_error or exchange.method == "HEAD":
        return
    answer = exchange.answer
    if answer.status == 412:
        if answer.body not in (b"", b"0"):
            yield f"412 with body {answer.text[:80]!r}"
        return
    if not re.fullmatch(r"\d+", answer.text):
        yield f"an error's body is an integer, got {answer.text[:80]!r}"
    if (answer.header("Content-Type") or "").split(";")[0] != "application/json":
        yield f"an error is application/json, got {answer.header('Content-Type')}"


@always("sync15-3-1", "sync15-25-4")
def modified_has_two_decimals(exchange: Exchange) -> Complaints:
    """`"modified"` in storage bodies: a number with exactly two decimals."""
    if exchange.in_storage and exchange.answer.status in (200, 202) and b'"modified"' in exchange.answer.body:
        text = re.sub(r'"payload":\s*"(?:[^"\\]|\\.)*"', "", exchange.answer.text)
        if len(re.findall(r'"modified":', text)) != len(re.findall(r'"modified":\s*\d+\.\d\d\s*[,}]', text)):
            yield '"modified" is not a number with two decimals'


@always("sync15-2-4", "sync15-25-16")
def records_counted(exchange: Exchange) -> Complaints:
    """X-Weave-Records of a collection GET is the number of items in the answer."""
    if exchange.method != "GET" or exchange.answer.status != 200:
        return
    if not re.fullmatch(r"/[^/]+/1\.5/\d+/storage/[^/]+", exchange.path):
        return
    kind = exchange.answer.header("Content-Type")
    count = exchange.answer.text.count("\n") if kind == "application/newlines" else len(read_json(exchange.answer.text))
    if exchange.answer.header("X-Weave-Records") != str(count):
        yield f"X-Weave-Records {exchange.answer.header('X-Weave-Records')} for {count} items"


@always("sync15-4-20")
def hawk_challenge(exchange: Exchange) -> Complaints:
    """A storage 401 names the scheme."""
    challenge = exchange.answer.header("WWW-Authenticate") or ""
    if exchange.in_storage and exchange.answer.status == 401 and "Hawk" not in challenge:
        yield "401 without WWW-Authenticate: Hawk"


@always("http-3")
def allowed_methods(exchange: Exchange) -> Complaints:
    """405 says what is allowed."""
    if exchange.answer.status == 405 and not exchange.answer.header("Allow"):
        yield "405 without Allow"


@always("sync15-2-5")
def retry_after(exchange: Exchange) -> Complaints:
    """503 and 429 say when to come again, in whole seconds."""
    if exchange.answer.status in (429, 503) and not re.fullmatch(r"\d+", exchange.answer.header("Retry-After") or ""):
        yield f"{exchange.answer.status} with Retry-After {exchange.answer.header('Retry-After')}"


@always("sync15-18-2", "sync15-18-3", "sync15-25-67")
def token_server(exchange: Exchange) -> Complaints:
    """Every answer of the token server is JSON and carries an integer X-Timestamp."""
    if not TOKEN_SERVER.match(exchange.path) or exchange.method == "OPTIONS":
        return
    kind = exchange.answer.header("Content-Type") or ""
    if exchange.method != "HEAD" and kind != "application/json" and not kind.startswith("application/json;"):
        yield f"the token server's Content-Type is {kind}"
    if not re.fullmatch(r"\d+", exchange.answer.header("X-Timestamp") or ""):
        yield f"X-Timestamp is {exchange.answer.header('X-Timestamp')}"


@always("acc-5-5", "acc-5-6")
def accounts(exchange: Exchange) -> Complaints:
    """The accounts' answers are JSON, errors with code, errno, error and message, successes without error."""
    if not exchange.path.startswith(("/auth/v1", "/oauth/v1", "/profile/v1")) or exchange.method in ("HEAD", "OPTIONS"):
        return
    if exchange.answer.status == 304:
        return
    try:
        body = read_json(exchange.answer.text)
    except ValueError:
        yield f"the accounts' answer is no JSON: {exchange.answer.text[:80]!r}"
        return
    if not exchange.is_error:
        if isinstance(body, dict) and "error" in body:
            yield "a success with a member error counts as a failure"
        return
    missing = [name for name in ("code", "errno", "error", "message") if not isinstance(body, dict) or name not in body]
    if missing:
        yield f"an accounts error without {', '.join(missing)}"
    elif str(body["code"]) != str(exchange.answer.status):
        yield f"code {body['code']} with status {exchange.answer.status}"


@always("pages-6")
def no_foreign_origin(exchange: Exchange) -> Complaints:
    """CORS is answered only by the storage and the key exchange."""
    if exchange.in_storage or KEY_EXCHANGE.match(exchange.path):
        return
    if exchange.answer.header("Access-Control-Allow-Origin") is not None:
        yield "Access-Control-Allow-Origin outside the storage service and the key exchange"


@always("kex-5.1-22")
def key_exchange_for_all_origins(exchange: Exchange) -> Complaints:
    """Every answer of the key exchange may be read by pages of any origin."""
    if not KEY_EXCHANGE.match(exchange.path) or exchange.path.endswith("/__api__"):
        return
    if exchange.answer.header("Access-Control-Allow-Origin") != "*":
        yield "an answer of the key exchange without Access-Control-Allow-Origin: *"
    if exchange.answer.header("Access-Control-Expose-Headers") != "etag, x-status":
        yield f"Access-Control-Expose-Headers is {exchange.answer.header('Access-Control-Expose-Headers')}"
