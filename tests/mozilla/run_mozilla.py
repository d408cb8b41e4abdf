#!/usr/bin/env python3
"""A real `homespun` and an account server of Mozilla's kind: the last line is `mozilla: N passed, N failed`.

    run_mozilla.py --homespun PROGRAM [--only PART]
"""

import argparse
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "servers"), str(HERE.parent / "e2e")]

from account_client import AccountServer as OwnAccounts  # noqa: E402
from account_server import AccountServer, ConnectProxy  # noqa: E402
from checks import check  # noqa: E402
from homespun_server import HomespunServer, ServerError  # noqa: E402
from processes import tail  # noqa: E402
from signing import Authority, SigningKey, shared_secret, unsigned  # noqa: E402
from sync_client import Answer, SyncStorage, ask_for_token, given_token, request  # noqa: E402

ISSUER = "https://accounts.firefox.com"
OLDSYNC = "https://identity.mozilla.com/apps/oldsync"
ALICE, BOB = "a" * 32, "b" * 32
DOMAIN = "api.accounts.firefox.com"
CLIENT = "5882386c6d801776"
EVENTS = "https://schemas.accounts.firefox.com/event/"


def claims(account: str = ALICE, **more: Any) -> dict[str, Any]:
    """Of an access token, as Mozilla's server writes them; None leaves out."""
    now = int(time.time())
    full = {"iss": ISSUER, "sub": account, "client_id": CLIENT, "scope": f"profile {OLDSYNC}", "iat": now, "exp": now + 100_000}
    full |= {"aud": [OLDSYNC], "jti": "1", "fxa-generation": 1000} | {name.replace("_", "-"): value for name, value in more.items()}
    return {name: value for name, value in full.items() if value is not None}


class Bench:
    """The program, a folder, keys and an authority."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.authority = Authority(folder)
        self.key = SigningKey(folder, "one")
        self._servers = 0

    def account_server(self, *keys: SigningKey, names: str = "IP:127.0.0.1") -> AccountServer:
        """Not started."""
        return AccountServer(self.authority.certificate(names), keys or (self.key,))

    @contextmanager
    def homespun(self, *words: str, accounts: str = "mozilla", ca_file: Path | None = None) -> Iterator["Homespun"]:
        """A running server with a folder of its own."""
        self._servers += 1
        extra = ["--set", f"accounts={accounts}", "--set", f"ca_file={ca_file or self.authority.file}", *words]
        with HomespunServer(self.program, self.folder / f"server-{self._servers}", extra) as server:
            try:
                yield Homespun(server)
            except AssertionError as problem:
                raise AssertionError(f"{problem}\n{tail(server.log, 12)}") from problem


class Homespun:
    """What the parts do with a server."""

    def __init__(self, server: HomespunServer) -> None:
        self.server = server

    def ask(self, token: str, key_id: str = "1000-qqqqqqqqqqqqqqqqqqqqqg") -> Answer:
        """For a storage token."""
        return ask_for_token(self.server.root, token, key_id)

    def expect(self, status: int, token: str, what: str, reason: str = "", word: str = "", key_id: str = "") -> Answer:
        """The same, with the status, the word in the answer and the reason in the log that must come of it."""
        before = self.server.log.stat().st_size
        answer = self.ask(token, key_id) if key_id else self.ask(token)
        log = self.server.log.read_bytes()[before:].decode()
        check(answer.status == status, f"{what}: {answer.status} {answer.body!r}, not {status}")
        if status != 200:
            word = word or {401: "invalid-credentials", 503: "error"}[status]
            check(answer.json()["status"] == word, f"{what}: {answer.body!r} does not say {word}")
        check(f"reason={reason} " in log or not reason, f"{what}: the log does not say {reason}: {log}")
        return answer

    def event(self, token: str, method: str = "POST") -> Answer:
        """Sends one."""
        return request(method, self.server.root + "/token/1.0/webhooks/fxa/events", {"Authorization": f"Bearer {token}"})

    def forward(self, seconds: float) -> None:
        """Sets the server's clock so far ahead of ours."""
        self.server.command("test", "clock", "--offset", f"{seconds:g}")

    def rows(self, account: str = ALICE) -> list[tuple[Any, ...]]:
        """Of the users table: uid, generation, replaced_at."""
        with sqlite3.connect(self.server.data / "token.db", timeout=10) as database:
            where = "where email = ? order by uid"
            return database.execute(f"select uid, generation, replaced_at from users {where}", (f"{account}@{DOMAIN}",)).fetchall()


def a_signed_token_opens_the_storage(bench: Bench) -> None:
    """Keys over HTTPS, both kinds; the storage token works; a users table that was there before goes on."""
    elliptic = SigningKey(bench.folder, "two", "ec")
    with bench.account_server(bench.key, elliptic) as accounts, bench.homespun(*accounts.settings()) as homespun:
        check(not accounts.asked, "keys were fetched before anybody needed them")
        answer = homespun.expect(200, bench.key.sign(claims(fxa_generation=1234)), "RS256")
        given, storage = answer.json(), SyncStorage(given_token(answer))
        check(storage.request("PUT", "/storage/col/a", b'{"payload":"x"}').status == 200, "the storage token does not work")
        check(storage.ids("col") == {"a"}, "the record is not there")
        check(homespun.rows() == [(given["uid"], 1234, None)], f"users has {homespun.rows()}")
        same = homespun.expect(200, elliptic.sign(claims(fxa_generation=1234)), "ES256").json()
        check(same["uid"] == given["uid"], "another user for the same account")
        homespun.expect(200, bench.key.sign(claims(fxa_generation=1234), typ="application/AT+JWT"), "the long type")
        check(accounts.asked == ["/v1/jwks"], f"asked: {accounts.asked}")
        with sqlite3.connect(homespun.server.data / "token.db", timeout=10) as database:
            columns = "service, email, generation, client_state, created_at, nodeid, keys_changed_at"
            values = f"1, '{BOB}@{DOMAIN}', 5, 'aa', 1, (select id from nodes), 5"
            uid = database.execute(f"insert into users({columns}) values({values})").lastrowid
        database.close()
        token = bench.key.sign(claims(BOB, fxa_generation=6))
        known = homespun.expect(200, token, "a user of another token server", key_id="5-qg").json()
        check(known["uid"] == uid, f"{known['uid']} is not the uid {uid} that was in the table")
        greeting = homespun.server.log.read_text()
        check("identity.sync.tokenserver.uri" in greeting and "autoconfig" not in greeting, f"greeting: {greeting}")
        check(not (homespun.server.data / "setup-link").exists(), "a link for an account that could not sync")


def bad_tokens_are_refused(bench: Bench) -> None:
    """Whatever the header says, the key decides."""
    key, other = bench.key, SigningKey(bench.folder, "other")
    with bench.account_server() as accounts, bench.homespun(*accounts.settings(verify=True)) as homespun:
        homespun.expect(200, key.sign(claims()), "a good token")
        now = int(time.time())
        pem = key.public_pem()
        hmac_header = {"alg": "HS256", "typ": "at+jwt", "kid": "one"}
        for what, token, reason in (
            ("wrong issuer", key.sign(claims(iss="https://accounts.example")), "jwt_issuer"),
            ("no issuer", key.sign(claims(iss=None)), "jwt_issuer"),
            ("expired", key.sign(claims(exp=now - 120)), "jwt_expired"),
            ("no expiry", key.sign(claims(exp=None)), "jwt_claims"),
            ("wrong scope", key.sign(claims(scope="profile bad_scope")), "jwt_scope"),
            ("no account", key.sign(claims(sub=None)), "jwt_claims"),
            ("an account with an @", key.sign(claims(sub="x@localhost")), "jwt_claims"),
            ("an ID token", key.sign(claims(), typ="JWT"), "jwt_type"),
            ("no type", key.sign(claims(), typ=None), "jwt_type"),
            ("alg none", unsigned({"alg": "none", "typ": "at+jwt", "kid": "one"}, claims()), "jwt_algorithm"),
            ("HS256 with the public key", shared_secret(hmac_header, claims(), pem), "jwt_algorithm"),
            ("HS256 as RS256", shared_secret(hmac_header | {"alg": "RS256"}, claims(), pem), "jwt_signature"),
            ("ES256 for an RSA key", key.sign(claims(), alg="ES256"), "jwt_algorithm"),
            ("a critical extension", key.sign(claims(), crit=["exp"]), "jwt_critical"),
            ("another key of that name", other.sign(claims(), kid="one"), "jwt_signature"),
            ("too large", key.sign(claims(padding="x" * 9000)), "jwt_too_large"),
        ):
            homespun.expect(401, token, what, reason)
        check(accounts.asked == ["/v1/jwks"], f"something was asked about them: {accounts.asked}")


def new_keys_are_found(bench: Bench) -> None:
    """At an unknown name, but not more than once a minute."""
    new = SigningKey(bench.folder, "new")
    with bench.account_server() as accounts, bench.homespun(*accounts.settings()) as homespun:
        homespun.expect(200, bench.key.sign(claims()), "the first key")
        accounts.keys = [new.jwk()]
        homespun.expect(503, new.sign(claims()), "a new key at once", "keys_not_asked_again")
        homespun.expect(503, new.sign(claims()), "and again", "keys_not_asked_again")
        check(len(accounts.asked) == 1, f"asked {len(accounts.asked)} times within a minute")
        homespun.forward(61)
        homespun.expect(200, new.sign(claims()), "a new key a minute later")
        check(len(accounts.asked) == 2, f"asked {len(accounts.asked)} times")
        homespun.forward(122)
        homespun.expect(401, bench.key.sign(claims()), "the withdrawn key", "jwt_unknown_key")
        check(len(accounts.asked) == 3, f"asked {len(accounts.asked)} times")


def known_keys_outlast_the_account_server(bench: Bench) -> None:
    """Old keys are good while it is away; without any, the answer is 503."""
    new = SigningKey(bench.folder, "new")
    with bench.account_server() as accounts, bench.homespun(*accounts.settings()) as homespun:
        homespun.expect(200, bench.key.sign(claims()), "while it is there")
        accounts.stop()
        homespun.forward(7300)  # two refreshes later
        for _ in range(3):
            homespun.expect(200, bench.key.sign(claims()), "while it is away")
        homespun.expect(503, new.sign(claims()), "a new key while it is away", "keys_unavailable")
        homespun.server.stop()
        homespun.server.start()
        answer = homespun.expect(503, bench.key.sign(claims()), "never fetched", "keys_unavailable")
        check(answer.headers.get("retry-after") == "10", f"headers: {answer.headers}")
        accounts.start()
        homespun.forward(11)
        homespun.expect(200, bench.key.sign(claims()), "when it is back")


def only_trusted_servers_are_believed(bench: Bench) -> None:
    """Another authority, another host: as good as away."""
    stranger = Authority(bench.folder, "stranger")
    with bench.account_server() as accounts, bench.homespun(*accounts.settings(), ca_file=stranger.file) as homespun:
        homespun.expect(503, bench.key.sign(claims()), "an authority that we do not know", "keys_unavailable")
        check("not trusted" in homespun.server.log.read_text(), "the log does not say why")
        check(not accounts.asked, "it was asked before it was trusted")
    with bench.account_server(names="DNS:elsewhere.test") as accounts, bench.homespun(*accounts.settings()) as homespun:
        homespun.expect(503, bench.key.sign(claims()), "a certificate for another host", "keys_unavailable")
        check("not made out to 127.0.0.1" in homespun.server.log.read_text(), "the log does not say why")


def a_proxy_is_used(bench: Bench) -> None:
    """The name is known to the proxy alone, and the certificate must be the name's."""
    with bench.account_server(names="DNS:accounts.test") as accounts:
        proxy = ConnectProxy("accounts.test", accounts.port)
        try:
            words = [*accounts.settings("accounts.test", verify=True), "--set", f"http_proxy={proxy.url}"]
            with bench.homespun(*words) as homespun:
                homespun.expect(200, bench.key.sign(claims()), "keys through the proxy")
                homespun.expect(401, "opaque", "a question through the proxy", "verify_refused")
                check(len(proxy.heads) == 2, f"the proxy saw {proxy.heads}")
            with bench.homespun(*accounts.settings("other.test"), "--set", f"http_proxy={proxy.url}") as homespun:
                homespun.expect(503, bench.key.sign(claims()), "a proxy that refuses", "keys_unavailable")
                check("refused to connect to other.test" in homespun.server.log.read_text(), "the log does not say why")
        finally:
            proxy.close()


def other_tokens_are_asked_about(bench: Bench) -> None:
    """Opaque ones, and those of a key that is nowhere to be had."""
    good = {"user": ALICE, "client_id": CLIENT, "scope": [OLDSYNC], "generation": 9223372036854775807}
    stranger = SigningKey(bench.folder, "stranger")
    with bench.account_server() as accounts, bench.homespun(*accounts.settings(verify=True)) as homespun:
        opaque, signed = "f" * 64, stranger.sign(claims(BOB))
        accounts.verdicts = {
            opaque: (200, good),
            signed: (200, {"user": BOB, "scope": [OLDSYNC]}),
            '{"body": {"no": "jwt"}}': (200, good | {"user": "c" * 32, "generation": None}),
            "wrong-scope": (200, good | {"scope": ["profile"]}),
            "ill": (500, {}),
        }
        homespun.expect(200, opaque, "an opaque token")
        check(homespun.rows()[0][1] == 2**63 - 1, f"the generation is not exact: {homespun.rows()}")
        homespun.expect(200, '{"body": {"no": "jwt"}}', "a token with blanks")
        homespun.expect(200, signed, "a key that is nowhere")
        homespun.expect(401, "unknown", "an unknown token", "verify_refused")
        homespun.expect(401, "wrong-scope", "a token for something else", "verify_scope")
        homespun.expect(503, "ill", "a server with troubles", "verify_unavailable")
        asked = len(accounts.asked)
        homespun.expect(200, opaque, "from memory")
        check(len(accounts.asked) == asked, "asked twice within a minute")
        accounts.stop()
        homespun.expect(503, "unknown", "nobody to ask", "verify_unavailable")
        homespun.forward(61)
        homespun.expect(503, opaque, "a minute later", "verify_unavailable")


def both_kinds_live_together(bench: Bench) -> None:
    """Accounts made here and Mozilla's; by default ours alone."""
    opaque = "0123456789abcdef" * 4
    with bench.account_server() as accounts:
        accounts.verdicts = {opaque: (200, {"user": BOB, "scope": [OLDSYNC]})}
        with bench.homespun(*accounts.settings(verify=True), "--signup", "open", accounts="both") as homespun:
            own = OwnAccounts(homespun.server.root)
            own.create("one@example.com", "password one")
            token = own.storage_token(own.sign_in("one@example.com", "password one"))
            check(SyncStorage(token).collections() == {}, "an account of ours cannot sync")
            check(not accounts.asked, f"another server was told of a token of ours: {accounts.asked}")
            homespun.expect(200, bench.key.sign(claims()), "an account of Mozilla's")
            homespun.expect(200, opaque, "an opaque token of Mozilla's")
            homespun.expect(401, "f" * 64, "a token of nobody's", "verify_refused")
        accounts.asked.clear()
        with bench.homespun(*accounts.settings(verify=True), accounts="own") as homespun:
            homespun.expect(401, bench.key.sign(claims()), "Mozilla's where only ours count", "access_token_refused")
            check(not accounts.asked, "Mozilla's server was asked all the same")
        with bench.homespun(*accounts.settings(), "--signup", "open", accounts="mozilla") as homespun:
            status = request("GET", homespun.server.root + "/auth/v1/account/create/status").json()
            check(status["open"] is False, f"sign-up is open to accounts that could not sync: {status}")


def keys_may_be_given(bench: Bench) -> None:
    """In a file that changes, or in the configuration: then nobody is asked."""
    new = SigningKey(bench.folder, "new")
    file = bench.folder / "keys.json"
    file.write_text(json.dumps({"keys": [bench.key.jwk()]}))
    silent = ["--set", "mozilla.verify_url="]
    with bench.homespun(*silent, "--set", f"mozilla.jwks_file={file}") as homespun:
        homespun.expect(200, bench.key.sign(claims()), "a key of the file")
        homespun.expect(401, new.sign(claims()), "a key that is not in it", "jwt_unknown_key")
        file.write_text(json.dumps({"keys": [new.jwk()]}))
        homespun.expect(200, new.sign(claims()), "a key that is now")
        file.write_text("{")
        homespun.expect(200, new.sign(claims()), "while the file is spoilt")
        check("keys_not_read" in homespun.server.log.read_text(), "the log does not complain")
    with bench.homespun(*silent, "--set", f"mozilla.jwks={json.dumps(bench.key.jwk())}") as homespun:
        homespun.expect(200, bench.key.sign(claims()), "a key of the configuration")


def events_are_taken(bench: Bench) -> None:
    """Deleted accounts are retired, a new password refuses who signed in before."""
    other = SigningKey(bench.folder, "other")
    now = int(time.time())

    def event(kind: str, facts: Any = None, account: str = ALICE, key: SigningKey = bench.key, **more: Any) -> str:
        full = {"iss": ISSUER, "sub": account, "aud": CLIENT, "iat": now, "jti": "e", "events": {EVENTS + kind: facts or {}}}
        return key.sign(full | more, typ="secevent+jwt")

    delete = {"iss": ISSUER, "sub": ALICE, "aud": CLIENT, "iat": now, "events": {EVENTS + "delete-user": {}}}
    words = ["--set", f"mozilla.client_id={CLIENT}"]
    with bench.account_server() as accounts, bench.homespun(*accounts.settings(verify=True), *words) as homespun:
        homespun.expect(200, bench.key.sign(claims(fxa_generation=1000)), "before")
        for what, token in (
            ("another audience", event("delete-user", aud="somebody")),
            ("another issuer", event("delete-user", iss="https://accounts.example")),
            ("a forged signature", other.sign(delete, typ="secevent+jwt", kid=bench.key.name)),
            ("alg none", unsigned({"alg": "none"}, {"iss": ISSUER, "sub": ALICE, "aud": CLIENT})),
            ("an access token", bench.key.sign(claims(events={EVENTS + "delete-user": {}}, aud=CLIENT))),
            ("no token", "opaque"),
            ("a change without its time", event("password-change")),
        ):
            answer = homespun.event(token)
            check(answer.status == 401, f"{what}: {answer.status} {answer.body!r}")
        answer = homespun.event(event("delete-user", key=other))
        check(answer.status == 503, f"a key that may be new: {answer.status} {answer.body!r}")
        homespun.forward(61)
        answer = homespun.event(event("delete-user", key=other))
        check(answer.status == 401, f"another key: {answer.status} {answer.body!r}")
        homespun.forward(0)
        check(homespun.rows()[0][1:] == (1000, None), f"a refused event did something: {homespun.rows()}")
        check("/v1/verify" not in accounts.asked, "events were asked about")

        answer = homespun.event(event("password-change", {"changeTime": 5000}))
        check((answer.status, answer.body) == (200, b""), f"{answer.status} {answer.body!r}")
        check(homespun.rows()[0][1:] == (4999, None), f"users has {homespun.rows()}")
        homespun.expect(401, bench.key.sign(claims(fxa_generation=1000)), "the old login", "old_generation", "invalid-generation")
        homespun.expect(200, bench.key.sign(claims(fxa_generation=5000)), "the new login")
        check(homespun.event(event("password-change", {"changeTime": 4000})).status == 200, "an old event again")
        check(homespun.rows()[0][1] == 5000, f"the generation went back: {homespun.rows()}")

        check(homespun.event(event("profile-change")).status == 200, "an event that is none of our concern")
        check(homespun.event(event("delete-user", account=BOB)).status == 200, "an account that we do not know")
        check(homespun.rows()[0][1:] == (5000, None), f"users has {homespun.rows()}")
        check(homespun.event("", "GET").status == 405, "GET")
        answer = homespun.event(event("delete-user"))
        check((answer.status, answer.body) == (200, b""), f"{answer.status} {answer.body!r}")
        _, generation, replaced = homespun.rows()[0]
        check(generation == 2**63 - 1 and abs(replaced / 1000 - time.time()) < 60, f"users has {homespun.rows()}")
        homespun.expect(401, bench.key.sign(claims(fxa_generation=6000)), "a deleted account", "old_generation", "invalid-generation")
        accounts.stop()
    with bench.account_server() as accounts, bench.homespun(*accounts.settings(), *words) as homespun:
        accounts.stop()
        check(homespun.event(event("delete-user")).status == 503, "events that cannot be checked must come again")
    with bench.account_server() as accounts, bench.homespun(*accounts.settings()) as homespun:
        check(homespun.event(event("delete-user")).status == 404, "events that nobody asked for")


def mistakes_are_told(bench: Bench) -> None:
    """At the start, with the name of the setting."""
    spoilt = bench.folder / "spoilt"
    spoilt.write_text("spoilt")
    for number, (setting, expected) in enumerate(
        (
            ("mozilla.jwks_url=http://accounts.example/jwks", "mozilla.jwks_url must begin with https://"),
            ("mozilla.verify_url=ftp://x", "mozilla.verify_url is no address"),
            ("mozilla.jwks={}", "no key set"),
            (f"mozilla.jwks_file={spoilt}", str(spoilt)),
            ("mozilla.email_domain=a@b", "mozilla.email_domain"),
            ("mozilla.email_domain=localhost", "mozilla.email_domain"),
            ("mozilla.issuer=", "mozilla.issuer"),
            (f"ca_file={spoilt}", str(spoilt)),
            ("http_proxy=proxy:3128", "proxy:3128"),
            ("accounts=theirs", "accounts"),
        )
    ):
        folder = bench.folder / f"mistake-{number}"
        try:
            with HomespunServer(bench.program, folder, ["--set", "accounts=mozilla", "--set", setting]):
                raise AssertionError(f"it started with {setting}")
        except ServerError:
            check(expected in tail(folder / "server.log", 5), f"{setting}: {tail(folder / 'server.log', 5)}")


PARTS: dict[str, Callable[[Bench], None]] = {
    "signed": a_signed_token_opens_the_storage,
    "refused": bad_tokens_are_refused,
    "rotation": new_keys_are_found,
    "away": known_keys_outlast_the_account_server,
    "trust": only_trusted_servers_are_believed,
    "proxy": a_proxy_is_used,
    "verify": other_tokens_are_asked_about,
    "both": both_kinds_live_together,
    "given": keys_may_be_given,
    "events": events_are_taken,
    "mistakes": mistakes_are_told,
}


def main() -> int:
    """0 when all parts passed."""
    parser = argparse.ArgumentParser(description="A real homespun and an account server of Mozilla's kind.")
    parser.add_argument("--homespun", type=Path, required=True)
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    passed = failed = 0
    for name in options.only or PARTS:
        folder = Path(tempfile.mkdtemp(prefix="mozilla-test-"))
        begin = time.monotonic()
        try:
            PARTS[name](Bench(options.homespun.resolve(), folder))
            passed += 1
            print(f"ok {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except (AssertionError, ServerError, OSError, ValueError, KeyError, sqlite3.Error, subprocess.SubprocessError) as problem:
            failed += 1
            print(f"FAILED {name}: {type(problem).__name__}: {problem}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(f"mozilla: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
