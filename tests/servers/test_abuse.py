"""What the log says of requests that are turned away, replayed writes, clients behind proxies, old secrets."""

import base64
import re
import time
from pathlib import Path

from checks import check
from homespun_server import HomespunServer
from sync_client import TOKENLIB, Answer, SyncStorage, Token, hawk_header, hkdf, request, seal, sign_token


def storage_get(server: HomespunServer, token: Token, signed: str, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
    """GET of info/collections as it was signed for the URL `signed`."""
    url = f"{server.root}/storage/1.5/1/info/collections"
    authorization = hawk_header(signed, method, token.id, token.key.encode())
    return request("GET", url, {"Authorization": authorization, **(headers or {})})


def said(server: HomespunServer, reason: str) -> list[str]:
    """The lines of the log with this reason."""
    return [line for line in server.log.read_text().splitlines() if f" reason={reason} " in line]


def the_log_says_what_was_signed_differently(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "plain") as server:
        token = sign_token(server.master_secret(), server.root, 1)
        path = "/storage/1.5/1/info/collections"
        wrong = (
            ("mac_port", f"https://127.0.0.1{path}", "GET", {}, 'public_url = [\\"https://127.0.0.1\\"]'),
            ("mac_host", f"https://sync.example{path}", "GET", {"X-Forwarded-Host": "sync.example"}, "signed https://sync.example,"),
            ("mac_prefix", f"{server.root}/nest{path}", "GET", {"X-Forwarded-Prefix": "/nest"}, f"{server.root}/nest,"),
            ("mac_method", server.root + path, "HEAD", {}, "signed HEAD, GET arrived"),
            ("mac_target", server.root + path + "/", "GET", {}, "slash at the end"),
            ("bad_mac", f"https://elsewhere.example{path}", "GET", {}, "public_url"),
        )
        for reason, signed, method, headers, hint in wrong:
            answer = storage_get(server, token, signed, method, headers)
            check(answer.status == 401 and answer.body == b"0", f"{reason}: {answer.status} {answer.body!r}")
            check(answer.headers["www-authenticate"] == "Hawk", f"{reason}: {answer.headers}")
            lines = said(server, reason)
            check(len(lines) == 1 and hint in lines[0], f"{reason}: {lines or server.log.read_text()}")
        other = Token(token.id, sign_token("another secret", server.root, 1).key, token.endpoint)
        storage_get(server, other, server.root + path)
        check(len(said(server, "bad_mac")) == 2, "a key that nobody knows")
        log = server.log.read_text()
        check(token.key not in log and token.id not in log, "the log holds a token")


def every_refusal_has_a_hint(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "plain") as server:
        storage = SyncStorage(sign_token(server.master_secret(), server.root, 1))
        storage.request("GET", "/storage/col/none")
        storage.request("POST", "/storage/col", b"no json")
        request("GET", f"{server.root}/nowhere")
        request("GET", f"{server.root}/auth/v1/session/status", {"Authorization": "Bearer fxs_" + "0" * 64})
        request("GET", f"{server.root}/token/1.0/sync/1.5", {"Authorization": "Bearer x"})
        request("POST", f"{server.root}/auth/v1/account/login", {"Content-Type": "application/json"}, b'{"version": 2, "email": "a@example.org"}')
        check("hint=\"Missing parameter: authPW" in server.log.read_text(), "which parameter is missing")
        check("signed out, expired" in server.log.read_text(), "the page's text for an unknown session")
        refused = [line for line in server.log.read_text().splitlines() if " refused " in line]
        check(len(refused) == 6, "\n".join(refused))
        for line in refused:
            check(re.search(r' reason=\S+ hint="?[^" ]', line) is not None, line)


def a_write_counts_once_where_that_is_wanted(program: Path, folder: Path) -> None:
    def twice(server: HomespunServer, method: str, target: str, body: bytes | None) -> list[int]:
        token = sign_token(server.master_secret(), server.root, 1)
        url = token.endpoint + target
        headers = {"Authorization": hawk_header(url, method, token.id, token.key.encode()), "Content-Type": "application/json"}
        return [request(method, url, headers, body).status for _ in range(2)]

    writes = (
        ("PUT", "/storage/col/a", b'{"payload": "x"}'),
        ("POST", "/storage/col", b'[{"id": "b", "payload": "x"}]'),
        ("DELETE", "/storage/col?ids=a", None),
    )
    with HomespunServer(program, folder / "usual") as server:
        for write in writes:
            check(twice(server, *write) == [200, 200], f"{write}: repeats are usual")
    with HomespunServer(program, folder / "strict", ["--set", "hawk_replay=refuse_writes"]) as server:
        for write in writes:
            check(twice(server, *write) == [200, 401], f"{write} came twice")
        check(twice(server, "GET", "/storage/col", None) == [200, 200], "reads may be repeated")
        check(len(said(server, "repeated_nonce")) == 3, server.log.read_text())


def only_trusted_proxies_say_who_asks(program: Path, folder: Path) -> None:
    def remotes(server: HomespunServer) -> list[str]:
        return re.findall(r" refused .*remote=(\S+)", server.log.read_text())

    spoof = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "Forwarded": "for=6.6.6.6"}
    with HomespunServer(program, folder / "nobody") as server:
        request("GET", f"{server.root}/nowhere", spoof)
        check(remotes(server) == ["127.0.0.1"], f"{remotes(server)}")
    with HomespunServer(program, folder / "another", ["--set", "trusted_proxies=10.0.0.0/8"]) as server:
        request("GET", f"{server.root}/nowhere", spoof)
        check(remotes(server) == ["127.0.0.1"], f"{remotes(server)}")
    with HomespunServer(program, folder / "trusting", ["--set", "trusted_proxies=127.0.0.1"]) as server:
        request("GET", f"{server.root}/nowhere", spoof)
        check(remotes(server) == ["203.0.113.9"], f"{remotes(server)}")
        url = f"{server.root}/auth/v1/account/create/status"
        for client in ("203.0.113.9", "203.0.113.10"):
            statuses = [request("GET", url, {"X-Forwarded-For": f"6.6.6.{n}, {client}"}).status for n in range(130)]
            check(set(statuses[:110]) == {200} and 429 in statuses[119:], f"{client}: {statuses}")
        check(request("GET", url, {"X-Forwarded-For": "203.0.113.11"}).status == 200, "another client waits for the first")


def an_expired_secret_says_so(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "rotated") as server:
        path = "/storage/1.5/1/info/collections"
        old = sign_token(server.master_secret(), server.root, 1)
        kept = int(re.findall(r"kept_token_secrets = (\d+)", (Path(__file__).parents[2] / "src/sync/ops/secrets.hpp").read_text())[0])
        for rotation in range(1, kept + 1):
            server.command("secret", "rotate")
            status = storage_get(server, old, server.root + path).status
            check(status == (200 if rotation < kept else 401), f"{status} after {rotation} rotations")
        check(len(said(server, "token_bad_signature")) == 1, server.log.read_text())
        fresh = sign_token(server.master_secret(), server.root, 1)
        check(storage_get(server, fresh, server.root + path).status == 200, "the new secret signs")
        mixed_id, _ = seal(server.master_secret(), f'{{"uid": 1, "expires": {int(time.time()) + 300}, "salt": "a1b2c3"}}')
        secrets = [line.split()[1] for line in server.command("secret", "show").splitlines() if line.startswith("token")]
        check(len(secrets) == kept, f"{len(secrets)} secrets")
        storage_get(server, Token(mixed_id, key_of(secrets[1], "a1b2c3", mixed_id), ""), server.root + path)
        check(len(said(server, "mac_key")) == 1, server.log.read_text())


def key_of(master: str, salt: str, name: str) -> str:
    """The key a token server with that secret would derive for the id."""
    return base64.urlsafe_b64encode(hkdf(master.encode(), (TOKENLIB + "derive/" + name).encode(), 32, salt.encode())).decode()


CASES = (
    the_log_says_what_was_signed_differently,
    every_refusal_has_a_hint,
    a_write_counts_once_where_that_is_wanted,
    only_trusted_proxies_say_who_asks,
    an_expired_secret_says_so,
)
