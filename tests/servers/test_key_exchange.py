"""Easy Setup's key exchange over restarts, over a unix socket, and with its operator's commands."""

import hashlib
import http.client
import json
import os
import signal
import socket
import time
from pathlib import Path

from checks import check, complaint_of_start, refused
from homespun_server import HomespunServer
from sync_client import Answer, request

PHONE, DESK = "a" * 256, "b" * 256


def ask(server: HomespunServer, method: str, path: str, device: str, body: bytes | None = None, **headers: str) -> Answer:
    """One request of a device; `If_Match` is the header If-Match."""
    sent = {"X-KeyExchange-Id": device} | {name.replace("_", "-"): value for name, value in headers.items()}
    return request(method, f"{server.root}/keyexchange{path}", sent, body)


def pass_on(server: HomespunServer, channel: str, number: int, tag: str) -> str:
    """Message `number` (0 to 5) goes from one device to the other; its tag."""
    writer, reader = (PHONE, DESK) if number % 2 == 0 else (DESK, PHONE)
    body = f"message {number}".encode()
    condition = {"If_Match": tag} if tag else {"If_None_Match": "*"}
    written = ask(server, "PUT", f"/{channel}", writer, body, **condition)
    check(written.status == 200, f"PUT {number} is {written.status}")
    check(written.headers["etag"] == f'"{hashlib.md5(body).hexdigest()}"', "the tag is not the content's MD5")
    got = ask(server, "GET", f"/{channel}", reader, If_None_Match=tag)
    check((got.status, got.body) == (200, body), f"GET {number} is {got.status} {got.body!r}")
    return written.headers["etag"]


def kill(server: HomespunServer) -> None:
    """All processes of the server at once, so that nothing can be finished."""
    os.killpg(server.pid, signal.SIGKILL)
    server.stop()


def a_pairing_survives_restarts_and_kills(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "kept", ["--set", "keyexchange.store=file"]) as server:
        channel = ask(server, "GET", "/new_channel", PHONE).json()
        gone = ask(server, "GET", "/new_channel", PHONE).json()
        check(ask(server, "DELETE", f"/{gone}", PHONE).status == 200, "DELETE")
        tag = ""
        for number in range(6):
            tag = pass_on(server, channel, number, tag)
            writer, reader = (PHONE, DESK) if number % 2 == 0 else (DESK, PHONE)
            (kill if number % 2 else HomespunServer.stop)(server)
            server.start()
            waiting = ask(server, "GET", f"/{channel}", writer, If_None_Match=tag)
            check(waiting.status == 304, f"after restart {number} the tag is unknown: {waiting.status}")
            again = ask(server, "GET", f"/{channel}", reader)
            check(again.body == f"message {number}".encode(), f"after restart {number}: {again.status} {again.body!r}")
        check(ask(server, "GET", f"/{channel}", DESK).status == 404, "a seventh delivery")
        check(ask(server, "GET", f"/{gone}", PHONE).status == 404, "a deleted channel came back")
        check(ask(server, "GET", f"/{channel}", "c" * 256).status == 400, "the devices were forgotten")


def in_memory_nothing_survives(program: Path, folder: Path) -> None:
    with HomespunServer(program, folder / "memory") as server:
        channel = ask(server, "GET", "/new_channel", PHONE).json()
        server.stop()
        server.start()
        check(ask(server, "GET", f"/{channel}", PHONE).status == 404, "it did")
        check(not list(server.data.glob("key-exchange*")), "there is a file")


def what_has_expired_meanwhile_is_gone(program: Path, folder: Path) -> None:
    settings = ["--set", "keyexchange.store=file", "--set", "keyexchange.ttl=1"]
    with HomespunServer(program, folder / "late", settings) as server:
        opened = time.monotonic()
        channel = ask(server, "GET", "/new_channel", PHONE).json()
        server.stop()
        time.sleep(max(0, opened + 1.1 - time.monotonic()))
        server.start()
        check(ask(server, "GET", f"/{channel}", PHONE).status == 404, "it is still there")


def a_file_that_is_none_is_named(program: Path, folder: Path) -> None:
    data = folder / "broken" / "data"
    with HomespunServer(program, folder / "broken"):
        pass
    (data / "key-exchange.db").write_bytes(b"x" * 5000)
    log = complaint_of_start_in(program, folder / "broken")
    check("key-exchange.db" in log and "remove it" in log, log[-500:])


def complaint_of_start_in(program: Path, old: Path) -> str:
    """What a server says that shall use the data of `old`."""
    return complaint_of_start(program, old / "again", ["keyexchange.store=file", f"data={old / 'data'}"])


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self._path))


def ask_unix(path: Path, forwarded_for: str = "") -> int:
    """The status of a new channel over a unix socket."""
    headers = {"X-KeyExchange-Id": PHONE} | ({"X-Forwarded-For": forwarded_for} if forwarded_for else {})
    connection = UnixConnection(path)
    connection.request("GET", "/keyexchange/new_channel", headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


def a_unix_socket_has_no_address(program: Path, folder: Path) -> None:
    path = folder / "web.sock"
    with HomespunServer(program, folder / "unix", ["--listen", f"unix:{path}"]) as server:
        check(ask_unix(path) == 200, "by default it is on the whitelist")
        server.stop()
        server.extra += ["--set", "keyexchange.whitelist=10.0.0.0/8"]
        server.start()
        check(ask_unix(path) == 403, "not on the whitelist")
        check("reason=no_client_address" in server.log.read_text(), "the reason is not logged")
        server.stop()
        server.extra += ["--set", "trusted_proxies=unix"]
        server.start()
        check(ask_unix(path, "192.0.2.1") == 200, "a trusted proxy says for whom it asks")


def the_operator_sees_and_clears_the_blacklist(program: Path, folder: Path) -> None:
    settings = ["keyexchange.threshold=2", "trusted_proxies=127.0.0.1"]
    extra = [word for setting in settings for word in ("--set", setting)]

    def status(server: HomespunServer, address: str) -> int:
        return ask(server, "GET", "/new_channel", PHONE, X_Forwarded_For=address).status

    with HomespunServer(program, folder / "listed", extra) as server:
        for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
            check([status(server, address) for _ in range(3)] == [200, 200, 403], address)
        listed = json.loads(server.command("keyexchange", "blacklist", "list", "--json"))
        check([each["address"] for each in listed] == ["192.0.2.1", "192.0.2.2", "2001:db8::/64"], str(listed))
        check(all(each["why"] == "calls" and 590 < each["seconds_left"] <= 600 for each in listed), str(listed))
        lines = server.command("keyexchange", "blacklist", "list").splitlines()
        check(len(lines) == 4 and lines[1].split()[:2] == ["192.0.2.1", "calls"], str(lines))
        server.command("keyexchange", "blacklist", "clear", "2001:db8::/64")
        check(status(server, "2001:db8::2") == 200, "cleared, but refused")
        check(status(server, "192.0.2.1") == 403, "not cleared, but let in")
        check("192.0.2.7" in refused(server, "keyexchange", "blacklist", "clear", "192.0.2.7"), "no word about the address")
        check(server.command("keyexchange", "blacklist", "clear").startswith("2 cleared"), "all of them")
        check((status(server, "192.0.2.1"), status(server, "192.0.2.2")) == (200, 200), "cleared, but refused")


CASES = (
    a_pairing_survives_restarts_and_kills,
    in_memory_nothing_survives,
    what_has_expired_meanwhile_is_gone,
    a_file_that_is_none_is_named,
    a_unix_socket_has_no_address,
    the_operator_sees_and_clears_the_blacklist,
)
